"""Bulk actions: who is meant, who is left out and why, each member once whatever dies in between."""

from datetime import UTC, datetime

import pytest
from django_scopes import scope

from members import tags
from members.models import AuditEntry, Event, Member, Program, Role
from rewards import bulk, checking, tasks
from rewards.models import BulkAction, BulkItem, Entry
from tests.members.teams import enrol, hire
from tests.rewards.builders import adjust, balance, find, open_program, order, record, standings

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TIERS = {"base": (0, {}), "silver": (5_000, {}), "gold": (50_000, {})}
GIVE = {"unit": "points", "amount": 50, "reason": "a kindness"}


@pytest.fixture
def program():
    return open_program(tiers=TIERS)


@pytest.fixture
def owner(program):
    return hire(program)


def crowd(program, count, **facts):
    return [enrol(program, f"m{place}", name=f"Member {place}", **facts) for place in range(count)]


def prepare(program, by, kind="adjust", terms=GIVE, role=Role.OWNER, **wanted):
    wanted = wanted or {"filter": {}}
    action = bulk.prepare(
        program=program, kind=kind, terms=dict(terms), wanted=wanted, by=by, role=role, now=NOW
    )
    return bulk.gather(program=program, action_id=action.pk, now=NOW)


def run(program, action, by, *, chunks=1_000):
    if action.state == "ready":
        bulk.confirm(program=program, action_id=action.pk, by=by, role=Role.OWNER, now=NOW)
    for _ in range(chunks):
        if not bulk.carry_on(program=program, action_id=action.pk, now=NOW):
            break
    return fresh(program, action)


def fresh(program, action):
    with scope(program=program):
        return BulkAction.objects.get(pk=action.pk)


def whys(program, action, state="left_out"):
    with scope(program=program):
        items = BulkItem.objects.filter(action=action, state=state).select_related("member")
        return {item.member.name: item.why for item in items}


def test_points_for_everybody_found(program, owner):
    crowd(program, 5)

    action = prepare(program, owner)
    before = [balance(program, f"m{place}").active for place in range(5)]
    done = run(program, action, owner)

    assert (action.total, action.left_out, action.wanted) == (5, 0, {})
    assert before == [0] * 5
    assert [balance(program, f"m{place}").active for place in range(5)] == [50] * 5
    assert (done.state, done.done, done.refused) == ("done", 5, 0)
    assert checking.run(program=program, verify=True).faults == []


def test_each_adjustment_is_in_the_history_and_the_audit(program, owner):
    crowd(program, 3)

    run(program, prepare(program, owner), owner)

    with scope(program=program):
        rows = AuditEntry.objects.filter(action="points.adjust", actor=owner)
        assert {row.subject_id for row in rows} == set(Member.objects.values_list("number", flat=True))
        assert {row.reason for row in rows} == {"a kindness"}
        assert {"bulk.start", "bulk.done"} <= set(AuditEntry.objects.values_list("action", flat=True))
        assert set(Entry.objects.values_list("kind", "active_change")) == {("adjust", 50)}


def test_who_is_left_out_and_why(program, owner):
    crowd(program, 3)
    enrol(program, "blocked", name="Blocked", state="blocked")
    me = enrol(program, "me", name="Me")
    with scope(program=program):
        me.identities.update(value=owner.email)
    adjust(program, 40, "2026-10-01", member="m1")
    adjust(program, 90, "2026-10-01", member="m2")

    action = prepare(program, owner, terms=GIVE | {"amount": -40})

    assert whys(program, action) == {
        "Blocked": "member_not_active", "Me": "own_account", "Member 0": "insufficient_points",
    }  # fmt: skip
    assert (action.total, action.left_out) == (2, 3)
    run(program, action, owner)
    assert [balance(program, f"m{place}").active for place in (1, 2)] == [0, 50]


def test_who_changed_after_the_preview_is_refused_and_the_others_are_not(program, owner):
    crowd(program, 3)
    for place in range(3):
        adjust(program, 50, "2026-10-01", member=f"m{place}")
    action = prepare(program, owner, terms=GIVE | {"amount": -50})
    adjust(program, -10, "2026-10-02", member="m0")
    with scope(program=program):
        Member.objects.filter(name="Member 1").update(state="blocked")

    done = run(program, action, owner)

    assert whys(program, action, "refused") == {
        "Member 0": "insufficient_points", "Member 1": "member_not_active",
    }  # fmt: skip
    assert (done.done, done.refused) == (1, 2)
    assert [balance(program, f"m{place}").active for place in range(3)] == [40, 50, 0]


def test_only_the_ticked_members(program, owner):
    people = crowd(program, 4)

    action = prepare(program, owner, members=[people[1].pk, people[3].pk])
    run(program, action, owner)

    assert [balance(program, f"m{place}").active for place in range(4)] == [0, 50, 0, 50]


def test_members_of_other_programs_are_not_reached(program, owner):
    stranger = enrol(open_program(), "anna", name="Anna")

    action = prepare(program, owner, members=[stranger.pk])

    assert action.total == 0


def test_a_limit_of_the_role_holds_per_member(program, owner):
    crowd(program, 2)
    Program.objects.filter(pk=program.pk).update(adjust_limits={"manager": {"points": 49}})
    program.refresh_from_db()

    with pytest.raises(bulk.AboveLimit) as refused:
        prepare(program, owner, role=Role.MANAGER)
    with pytest.raises(bulk.AboveLimit):
        prepare(program, owner, role=Role.MANAGER, terms=GIVE | {"amount": -50})
    action = prepare(program, owner, role=Role.OWNER)
    with pytest.raises(bulk.AboveLimit):
        bulk.confirm(program=program, action_id=action.pk, by=owner, role=Role.MANAGER, now=NOW)

    assert refused.value.field == "amount"
    assert prepare(program, owner, role=Role.MANAGER, terms=GIVE | {"amount": 49}).total == 2


def test_only_its_author_starts_it_and_only_once(program, owner):
    crowd(program, 1)
    action = prepare(program, owner)

    with pytest.raises(bulk.NotAllowed):
        bulk.confirm(program=program, action_id=action.pk, by=hire(program), role=Role.OWNER, now=NOW)
    run(program, action, owner)
    with pytest.raises(bulk.NotReady):
        bulk.confirm(program=program, action_id=action.pk, by=owner, role=Role.OWNER, now=NOW)

    assert balance(program, "m0").active == 50


def test_cancelled_half_way_it_goes_no_further(program, owner, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    crowd(program, 5)
    action = prepare(program, owner)

    run(program, action, owner, chunks=1)
    bulk.cancel(program=program, action_id=action.pk, by=hire(program), now=NOW)
    after = run(program, fresh(program, action), owner)

    assert (after.state, after.done) == ("cancelled", 2)
    assert sum(balance(program, f"m{place}").active for place in range(5)) == 100
    with pytest.raises(bulk.NotReady):
        bulk.cancel(program=program, action_id=action.pk, by=owner, now=NOW)


class Killed(BaseException):
    """Nothing that the code under test could catch."""


@pytest.mark.parametrize("kind", ["adjust", "tier", "tag"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_in_a_chunk_leaves_whole_chunks(program, owner, monkeypatch, kind, moment):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    crowd(program, 5)
    terms = {
        "adjust": GIVE, "tier": {"tier": "gold", "until": "2027-01-01", "reason": "guest"}, "tag": {"tag": "vip"},
    }[kind]  # fmt: skip
    action = prepare(program, owner, kind=kind, terms=terms)
    run(program, action, owner, chunks=1)
    work = bulk.WORK[BulkAction.Kind(kind)]

    def die(*args):
        if moment == "after":
            work(*args)
        raise Killed

    monkeypatch.setitem(bulk.WORK, BulkAction.Kind(kind), die)
    with pytest.raises(Killed):
        bulk.carry_on(program=program, action_id=action.pk, now=NOW)
    monkeypatch.setitem(bulk.WORK, BulkAction.Kind(kind), work)
    halfway = fresh(program, action)
    done = run(program, halfway, owner)

    assert (halfway.state, halfway.done) == ("running", 2)
    assert (done.state, done.done) == ("done", 5)
    with scope(program=program):
        if kind == "adjust":
            assert list(Entry.objects.values_list("active_change", flat=True)) == [50] * 5
        elif kind == "tier":
            assert [len(standings(program, f"m{place}")) for place in range(5)] == [1] * 5
        else:
            assert Event.objects.filter(kind="member.tagged").count() == 5


def test_a_chunk_done_twice_acts_once_by_its_keys(program, owner, monkeypatch):
    """Even with the action's own memory gone, the ledger knows what it has done."""
    crowd(program, 3)
    action = prepare(program, owner)
    run(program, action, owner)
    with scope(program=program):
        BulkAction.objects.filter(pk=action.pk).update(state="running", reached=0)
        BulkItem.objects.filter(action=action).update(state="waiting")

    run(program, fresh(program, action), owner)

    assert [balance(program, f"m{place}").active for place in range(3)] == [50] * 3


def test_tiers_by_hand_for_many(program, owner):
    crowd(program, 3)
    record(program, order("1", "2026-10-01", 60_000, member="m0"))

    action = prepare(
        program, owner, kind="tier", terms={"tier": "silver", "until": "2027-01-01", "reason": "guests"}
    )
    run(program, action, owner)

    assert whys(program, action) == {"Member 0": "manual_tier_refused"}
    row = standings(program, "m1")[-1]
    assert (row.tier.key, row.origin, row.reason, row.author) == ("silver", "manual", "guests", owner)
    with scope(program=program):
        assert AuditEntry.objects.filter(action="tier.set").count() == 2


def test_tags_for_many_and_back(program, owner):
    crowd(program, 3)
    tags.replace(member=find(program, "m0"), tags=["vip"], by=owner, now=NOW)

    given = prepare(program, owner, kind="tag", terms={"tag": "  vip "})
    run(program, given, owner)
    taken = prepare(program, owner, kind="untag", terms={"tag": "vip"}, filter={"q": "member"})
    some = run(program, taken, owner)

    assert whys(program, given) == {"Member 0": "has_tag"}
    assert some.done == 3
    with scope(program=program):
        assert [member.tags for member in Member.objects.all()] == [[]] * 3


def test_work_left_behind_is_taken_up_again(program, owner):
    crowd(program, 2)
    action = prepare(program, owner)
    bulk.confirm(program=program, action_id=action.pk, by=owner, role=Role.OWNER, now=NOW)

    sent = tasks.resume_bulk()

    assert sent == 1
    assert fresh(program, action).state == "done"
    assert tasks.resume_bulk() == 0


@pytest.mark.parametrize(
    ("kind", "terms", "code"),
    [
        ("adjust", GIVE | {"amount": 0}, "amount_invalid"),
        ("adjust", GIVE | {"reason": " "}, "reason_missing"),
        ("tag", {"tag": "a,b"}, "tag_invalid"),
        ("tag", {"tag": " "}, "tag_invalid"),
    ],
)
def test_what_makes_no_sense_is_refused(program, owner, kind, terms, code):
    with pytest.raises(bulk.DomainError) as refused:
        prepare(program, owner, kind=kind, terms=terms)

    assert refused.value.code == code
    with pytest.raises(bulk.NobodyChosen):
        bulk.prepare(
            program=program,
            kind="tag",
            terms={"tag": "a"},
            wanted={"members": []},
            by=owner,
            role="owner",
            now=NOW,
        )
