"""Merge and un-merge of two members: identities, orders, points, tiers; and the ledger proves it after every case."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import consent, erasure
from members.models import AuditEntry, Event, Identity, Order, Return
from rewards import merging, redemptions
from rewards.merging import Bearing
from rewards.models import Redemption, Reward
from rewards.till import lookups
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.couples import faults, fresh, holds, merge, undo

pytestmark = pytest.mark.django_db

TIERS = {"base": (0, {}), "silver": (20_000, {}), "gold": (50_000, {})}
# Usable after two days, each lot for twenty days.
SLOW = {"points": {"pending": {"kind": "days", "count": 2}, "expiry": {"kind": "days", "count": 20}}}


@pytest.fixture
def program():
    return b.open_program(tiers=TIERS)


@pytest.fixture
def pair(program):
    """anna with 100 points and hanna with 40."""
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 10_000), b.order("H1", "2026-01-11", 4000, member="hanna"))
    return anna, hanna


def owner_of(program, number):
    return b.stored_order(program, number).member_id


# --- merge ------------------------------------------------------------------------------------------------------------


def test_everything_of_the_gone_member_becomes_the_kept_ones(program, pair):
    anna, hanna = pair

    made = merge(program, "2026-02-01", kept=anna, gone=hanna)

    assert holds(program, anna) == (140, 0, 0)
    assert holds(program, hanna) == (0, 0, 0)
    assert owner_of(program, "H1") == anna.pk
    assert (fresh(hanna).state, fresh(hanna).merged_into_id) == ("closed", anna.pk)
    with scope(program=program):
        assert Identity.objects.get(value="hanna@example.com").member_id == anna.pk
        assert set(AuditEntry.objects.filter(action="member.merge").values_list("subject_id", flat=True)) == {
            anna.number,
            hanna.number,
        }
        assert Event.objects.filter(kind__startswith="member.merged", fact_id=made.fact_id).count() == 2
    assert b.metric(program) == (14_000, 2, 0, 0)
    assert not faults(program)


def test_what_either_has_reserved_is_given_back_and_seen_before(program, pair):
    anna, hanna = pair
    put_up(program, price={"points": 30}, stock=5)
    now = b.moment("2026-02-01")
    for number, member in enumerate(pair):
        redemptions.reserve(program=program, member=member, reward="mug", key=f"k{number}", now=now)

    seen = merging.preview(program=program, kept=anna, gone=hanna, now=now)
    merge(program, "2026-02-01", kept=anna, gone=hanna)

    assert seen.result["points"].active == 140
    assert holds(program, anna) == (140, 0, 0)
    with scope(program=program):
        assert set(Redemption.objects.values_list("state", flat=True)) == {"released"}
        assert Reward.objects.get(key="mug").taken == 0
    assert not faults(program)


def test_seeing_a_merge_gives_nothing_back(program, pair):
    anna, hanna = pair
    put_up(program, price={"points": 30}, stock=5)
    now = b.moment("2026-02-01")
    held = redemptions.reserve(program=program, member=hanna, reward="mug", key="k", now=now)

    merging.preview(program=program, kept=anna, gone=hanna, now=now)

    with scope(program=program):
        assert Redemption.objects.get(pk=held.pk).state == "reserved"
    assert holds(program, hanna) == (10, 0, 0)


def test_what_was_issued_to_the_gone_member_stays_good(program, pair):
    anna, hanna = pair
    put_up(program, price={"points": 30}, handover="code")
    now = b.moment("2026-02-01")
    held = redemptions.reserve(program=program, member=hanna, reward="mug", key="k", now=now)
    merge(program, "2026-02-01", kept=anna, gone=hanna)

    used = redemptions.fulfil(program=program, redemption_id=held.pk, now=now)

    assert used.state == "fulfilled"
    assert holds(program, anna) == (110, 0, 0)
    assert not faults(program)


def test_lots_keep_their_dates_and_what_is_pending_stays_pending():
    program = b.open_program(units=SLOW)
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record_each(
        program,
        b.order("H1", "2026-01-05", 3000, member="hanna"),
        b.order("H2", "2026-01-09", 2000, member="hanna"),
    )
    with scope(program=program):
        old = {lot.order_id: lot for lot in b.lots(program, "hanna")}

    merge(program, "2026-01-10", kept=anna, gone=hanna)

    new = {lot.order_id: lot for lot in b.lots(program)}
    assert holds(program, anna) == (30, 20, 0)
    dates = ("earned_at", "active_at", "expires_at", "version_id")
    assert {n: [getattr(lot, d) for d in dates] for n, lot in new.items()} == {
        n: [getattr(lot, d) for d in dates] for n, lot in old.items()
    }
    assert not faults(program)


@pytest.mark.parametrize(
    ("kept_owes", "gone_owes", "expected"),
    [(True, False, (0, 0, 40)), (False, True, (20, 0, 0)), (True, True, (0, 0, 160))],
)
def test_arrears_go_along_and_are_paid_from_what_there_is(program, kept_owes, gone_owes, expected):
    people = {name: b.join(program, name) for name in ("anna", "hanna")}
    for name, owes in (("anna", kept_owes), ("hanna", gone_owes)):
        b.record(
            program,
            b.order(f"{name}-1", "2026-01-10", 8000 if owes else 10_000 if gone_owes else 4000, member=name),
        )
        if owes:
            b.spend(program, 80, "2026-01-11", member=name)
            b.record(program, b.bring_back(f"{name}-r", "2026-01-12", order=f"{name}-1"))

    merge(program, "2026-02-01", kept=people["anna"], gone=people["hanna"])

    assert holds(program, people["anna"]) == expected
    assert holds(program, people["hanna"]) == (0, 0, 0)
    assert not faults(program)


def test_two_histories_earn_the_tier_together():
    program = b.open_program(tiers=TIERS)
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(
        program, b.order("A1", "2026-01-10", 30_000), b.order("H1", "2026-01-11", 25_000, member="hanna")
    )

    merge(program, "2026-01-20", kept=anna, gone=hanna)

    open_now = [row.tier.key for row in b.standings(program) if row.ended_at is None]
    assert sorted(open_now) == ["gold", "silver", "silver"]
    with scope(program=program):
        assert all(row.ended_at for row in hanna.standings.all())
    assert b.record(program, b.order("A2", "2026-02-01", 100))[0].tier == "gold"


def test_later_facts_of_the_gone_member_reach_the_kept_one(program, pair):
    anna, hanna = pair
    merge(program, "2026-02-01", kept=anna, gone=hanna)

    by_mail = b.record(program, b.order("H2", "2026-02-02", 1000, member="hanna"))[0]
    by_number = b.record(program, b.order("H3", "2026-02-03", 1000, member=b.Who("number", hanna.number)))[0]
    back = b.record(program, b.bring_back("R1", "2026-02-04", "sku-4000", member="hanna"))[0]

    assert (by_mail.member_id, by_number.member_id) == (anna.pk, anna.pk)
    assert back.reversed == {"points": 40}
    assert holds(program, anna) == (120, 0, 0)
    assert not faults(program)


def test_the_old_card_is_known_at_the_till(program, pair):
    anna, hanna = pair
    merge(program, "2026-02-01", kept=anna, gone=hanna)

    with scope(program=program):
        found = lookups.find(
            program=program, typed=hanna.number, by=hire(program), now=b.moment("2026-02-02")
        )
        assert found == lookups.at_number(program=program, number=hanna.number) == anna


def test_a_return_after_the_merge_takes_what_had_ended_before_from_nowhere():
    program = b.open_program(units=SLOW)
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("H1", "2026-01-01", 5000, member="hanna"))
    b.record(program, b.order("A1", "2026-02-09", 3000))
    made = merge(program, "2026-02-20", kept=anna, gone=hanna)

    told = b.record(program, b.bring_back("R1", "2026-02-21", order="H1"))[0]

    assert made.record["units"]["points"]["moved"] == 0
    assert told.reversed == {"points": 50}
    assert holds(program, anna) == (30, 0, 0)
    assert not faults(program)


def test_points_that_the_gone_member_had_spent_come_back_to_the_kept_one(program, pair):
    anna, hanna = pair
    b.spend(program, 30, "2026-01-12", member="hanna", order="X1")
    b.record(program, b.order("X1", "2026-01-12", 6000, member="hanna"))
    merge(program, "2026-02-01", kept=anna, gone=hanna)

    half = b.record(program, b.bring_back("R1", "2026-02-02", order="X1", amount_minor=3000))[0]
    rest = b.record(program, b.bring_back("R2", "2026-02-03", order="X1"))[0]

    assert half.reversed == {"points": 30}
    assert rest.reversed == {"points": 30}
    assert holds(program, anna) == (140, 0, 0)
    assert not faults(program)


def test_a_repeat_gives_the_first_answer_and_other_content_is_refused(program, pair):
    anna, hanna = pair
    third = b.join(program, "third")
    first = merge(program, "2026-02-01", kept=anna, gone=hanna)

    again = merge(program, "2026-02-02", kept=anna, gone=hanna)

    assert again.pk == first.pk
    with pytest.raises(DomainError) as refused:
        merge(program, "2026-02-02", kept=anna, gone=third)
    assert refused.value.code == "idempotency_key_reused"


def test_what_either_had_refused_stays_refused_and_no_consent_is_inherited(program, pair):
    anna, hanna = pair
    consent.grant(member=anna, channel="email", topic="offers", source="portal", now=b.moment("2026-01-12"))
    for topic, wanted in (("offers", True), ("offers", False), ("reminders", True)):
        states = {("email", topic): wanted}
        consent.change(member=hanna, wanted=states, source="portal", now=b.moment("2026-01-12"))

    merge(program, "2026-02-01", kept=anna, gone=hanna)

    for topic in ("offers", "reminders"):
        assert not consent.has_consent(member=anna, channel="email", topic=topic)


def test_what_was_forgotten_is_not_brought_back_by_undoing(program, pair):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    erasure.erase(member=fresh(anna), now=b.moment("2026-02-02"))

    with pytest.raises(DomainError) as refused:
        undo(program, made, "2026-02-03")

    assert refused.value.code == "merge_bound"
    assert not faults(program)


def test_the_profile_is_filled_where_it_was_empty_and_emptied_again(program, pair):
    anna, hanna = pair
    with scope(program=program):
        type(hanna).objects.filter(pk=hanna.pk).update(name="Hanna Berg", language="ar", tags=["vip", "mail"])
        type(anna).objects.filter(pk=anna.pk).update(language="he", tags=["mail"])

    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    merged = fresh(anna)
    undo(program, made, "2026-02-02")
    parted = fresh(anna)

    assert (merged.name, merged.language, merged.tags) == ("Hanna Berg", "he", ["mail", "vip"])
    assert (parted.name, parted.language, parted.tags) == ("", "he", ["mail"])
    assert fresh(hanna).tags == ["vip", "mail"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gone": "anna"}, "unmergeable"),
        ({"state": "blocked"}, "unmergeable"),
        ({"reason": "  "}, "reason_missing"),
        ({"own": True}, "own_account"),
    ],
)
def test_what_cannot_be_merged_is_refused_whole(program, pair, change, code):
    anna, hanna = pair
    by = hire(program)
    if "state" in change:
        with scope(program=program):
            type(hanna).objects.filter(pk=hanna.pk).update(state=change["state"])
    if "own" in change:
        by.email = "hanna@example.com"

    with pytest.raises(DomainError) as refused:
        merge(
            program,
            "2026-02-01",
            kept=anna,
            gone=anna if "gone" in change else hanna,
            by=by,
            reason=change.get("reason", "same"),
        )

    assert refused.value.code == code
    assert holds(program, hanna) == (40, 0, 0)
    assert owner_of(program, "H1") == hanna.pk


def test_the_preview_is_what_happens_and_writes_nothing(program, pair):
    anna, hanna = pair

    seen = merging.preview(program=program, kept=anna, gone=hanna, now=b.moment("2026-02-01"))

    assert seen.result["points"] == (140, 0, 0)
    assert (seen.kept["points"], seen.gone["points"]) == ((100, 0, 0), (40, 0, 0))
    assert holds(program, hanna) == (40, 0, 0)


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undone_at_once_all_is_as_before(program, pair):
    anna, hanna = pair
    before = b.metric(program), b.metric(program, "hanna")
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)

    undo(program, made, "2026-02-02")

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert (b.metric(program), b.metric(program, "hanna")) == before
    assert owner_of(program, "H1") == hanna.pk
    assert (fresh(hanna).state, fresh(hanna).merged_into_id) == ("active", None)
    with scope(program=program):
        mine = Identity.objects.get(value="hanna@example.com")
        assert (mine.member_id, mine.origin_id) == (hanna.pk, None)
    assert not faults(program)


@pytest.mark.parametrize(
    ("bearing", "anna_has", "hanna_has", "given"),
    [
        # 120 of 140 were spent; hanna's lot ends first or last by its day of earning, anna's 100 first.
        (Bearing.USER, (0, 0, 0), (40, 0, 0), 0),
        (Bearing.OWNER, (0, 0, 0), (20, 0, 0), 0),
        (Bearing.SHARED, (0, 0, 0), (30, 0, 0), 0),
        (Bearing.SHOP, (0, 0, 0), (40, 0, 0), 20),
    ],
)
def test_points_spent_meanwhile_are_borne_as_chosen(program, pair, bearing, anna_has, hanna_has, given):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.spend(program, 120, "2026-02-02")
    outlook = merging.foresee(program=program, made=made, now=b.moment("2026-02-03"))

    done = undo(program, made, "2026-02-03", bearing)

    owed = {Bearing.USER: 20, Bearing.SHARED: 10}.get(bearing, 0)
    assert holds(program, anna) == (0, 0, owed)
    assert holds(program, hanna) == hanna_has
    assert done.given == {"points": given}
    seen = outlook.ways[bearing][0]
    assert (seen.kept, seen.gone) == ((0, 0, owed), hanna_has)
    assert not faults(program)


def test_where_nothing_may_be_owed_the_shop_gives():
    program = b.open_program(units={"points": {"shortfall": "forgive"}})
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("H1", "2026-01-11", 4000, member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.spend(program, 40, "2026-02-02")

    done = undo(program, made, "2026-02-03", Bearing.USER)

    assert (holds(program, anna), holds(program, hanna)) == ((0, 0, 0), (40, 0, 0))
    assert done.given == {"points": 40}
    assert not faults(program)


def test_orders_since_stay_unless_they_came_through_the_gone_one(program, pair):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(
        program,
        b.order("A2", "2026-02-02", 1000),
        b.order("H2", "2026-02-02", 2000, member="hanna"),
        b.order("H3", "2026-02-02", 3000, member=b.Who("number", hanna.number)),
    )

    undo(program, made, "2026-02-03")

    assert [owner_of(program, number) for number in ("A2", "H2", "H3")] == [anna.pk, hanna.pk, hanna.pk]
    assert (holds(program, anna), holds(program, hanna)) == ((110, 0, 0), (90, 0, 0))
    assert b.metric(program, "hanna")[:2] == (9000, 3)
    assert b.metric(program)[:2] == (11_000, 2)
    assert not faults(program)


def test_returns_before_and_after_the_undoing_settle_where_the_order_is(program, pair):
    anna, hanna = pair
    b.record(program, b.order("H2", "2026-01-12", b.line(6000, "cup", 6), member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", ("cup", 2), order="H2"))

    undo(program, made, "2026-02-03")
    b.record(program, b.bring_back("R2", "2026-02-04", order="H2"))

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert b.metric(program, "hanna")[0] == 4000
    with scope(program=program):
        assert set(Return.objects.values_list("member_id", flat=True)) == {hanna.pk}
    assert not faults(program)


def test_what_was_spent_before_and_restored_in_between_is_not_given_twice(program, pair):
    anna, hanna = pair
    b.spend(program, 30, "2026-01-12", member="hanna", order="X1")
    b.record(program, b.order("X1", "2026-01-12", 6000, member="hanna"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", order="X1", amount_minor=3000))
    undo(program, made, "2026-02-03")

    b.record(program, b.bring_back("R2", "2026-02-04", order="X1"))

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (40, 0, 0))
    assert not faults(program)


def test_arrears_stand_again_where_they_were(program):
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 5000), b.order("H1", "2026-01-10", 8000, member="hanna"))
    b.spend(program, 50, "2026-01-11")
    b.record(program, b.bring_back("R1", "2026-01-12", order="A1"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    merged = holds(program, anna)

    undo(program, made, "2026-02-02")

    assert merged == (30, 0, 0)
    assert (holds(program, anna), holds(program, hanna)) == ((0, 0, 50), (80, 0, 0))
    assert not faults(program)


def test_arrears_of_the_gone_member_go_back_with_it(program):
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(program, b.order("A1", "2026-01-10", 3000), b.order("H1", "2026-01-10", 8000, member="hanna"))
    b.spend(program, 80, "2026-01-11", member="hanna")
    b.record(program, b.bring_back("R1", "2026-01-12", order="H1"))
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    merged = holds(program, anna)

    undo(program, made, "2026-02-02")

    assert merged == (0, 0, 50)
    assert (holds(program, anna), holds(program, hanna)) == ((30, 0, 0), (0, 0, 80))
    assert not faults(program)


def test_what_the_kept_members_points_paid_for_the_gone_ones_return_comes_back(program, pair):
    anna, hanna = pair
    b.spend(program, 40, "2026-01-12", member="hanna")
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    b.record(program, b.bring_back("R1", "2026-02-02", order="H1"))

    undo(program, made, "2026-02-03", Bearing.USER)

    assert (holds(program, anna), holds(program, hanna)) == ((100, 0, 0), (0, 0, 40))
    assert not faults(program)


def test_each_side_holds_again_the_tier_it_held():
    program = b.open_program(tiers=TIERS)
    anna, hanna = b.join(program, "anna"), b.join(program, "hanna")
    b.record(
        program, b.order("A1", "2026-01-10", 30_000), b.order("H1", "2026-01-11", 25_000, member="hanna")
    )
    made = merge(program, "2026-03-01", kept=anna, gone=hanna)
    b.record(program, b.order("A2", "2026-03-02", 100))

    undo(program, made, "2026-03-03")

    for name in ("anna", "hanna"):
        assert {row.tier.key for row in b.standings(program, name) if row.ended_at is None} == {"silver"}
    assert b.metric(program)[0] == 30_100
    assert b.metric(program, "hanna")[0] == 25_000


def test_one_after_the_other_last_first(program, pair):
    anna, hanna = pair
    third = b.join(program, "third")
    b.record(program, b.order("T1", "2026-01-11", 1000, member="third"))
    first = merge(program, "2026-02-01", kept=anna, gone=hanna, key="m1")
    second = merge(program, "2026-02-02", kept=third, gone=anna, key="m2")
    b.record(program, b.order("H2", "2026-02-03", 500, member="hanna"))

    with pytest.raises(DomainError) as refused:
        undo(program, first, "2026-02-04", key="u1")
    undo(program, second, "2026-02-05", key="u2")
    between = holds(program, anna), owner_of(program, "H2"), fresh(hanna).merged_into_id
    undo(program, first, "2026-02-06", key="u3")

    assert refused.value.code == "merge_bound"
    assert between == ((145, 0, 0), anna.pk, anna.pk)
    assert [holds(program, one) for one in (anna, hanna, third)] == [(100, 0, 0), (45, 0, 0), (10, 0, 0)]
    assert not faults(program)


def test_merged_undone_and_merged_again_counts_what_was_used_once(program, pair):
    anna, hanna = pair
    first = merge(program, "2026-02-01", kept=anna, gone=hanna, key="m1")
    b.spend(program, 120, "2026-02-02")
    undo(program, first, "2026-02-03", Bearing.OWNER, key="u1")
    b.record(program, b.order("A2", "2026-02-04", 5000))
    second = merge(program, "2026-02-05", kept=anna, gone=hanna, key="m2")

    undo(program, second, "2026-02-06", Bearing.USER, key="u2")

    assert (holds(program, anna), holds(program, hanna)) == ((50, 0, 0), (20, 0, 0))
    assert not faults(program)


def test_undone_once(program, pair):
    anna, hanna = pair
    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    first = undo(program, made, "2026-02-02", key="u1")

    again = undo(program, made, "2026-02-03", key="u1")

    assert again.undone_at == first.undone_at
    with pytest.raises(DomainError) as refused:
        undo(program, made, "2026-02-03", key="u2")
    assert refused.value.code == "undone_already"
    with scope(program=program):
        assert Order.objects.filter(member=hanna).count() == 1
