"""Two members that are one person become one, whole or not at all."""

import pytest
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import addresses, consent, erasure
from members.addresses import Place
from members.models import AuditEntry, Event, Identity
from rewards import merging, redemptions
from rewards.models import Redemption, Reward
from rewards.till import lookups
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.catalogue import put_up
from tests.rewards.couples import faults, fresh, holds, merge, undo
from tests.rewards.merging.twins import TIERS, owner_of

pytestmark = pytest.mark.django_db


# Usable after two days, each lot for twenty days.
SLOW = {"points": {"pending": {"kind": "days", "count": 2}, "expiry": {"kind": "days", "count": 20}}}


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


def test_an_address_is_taken_over_where_there_was_none_and_taken_away_again(program, pair):
    anna, hanna = pair
    home = Place(("12 Harbour Lane",), "BS1 4RN", "Bristol", "GB")
    addresses.save(member=hanna, place=home, now=b.moment("2026-01-20"))

    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    with scope(program=program):
        merged = addresses.of(member=anna)
    undo(program, made, "2026-02-02")

    with scope(program=program):
        assert merged == home
        assert addresses.of(member=anna) is None
        assert addresses.of(member=hanna) == home


def test_an_address_that_is_there_stays_and_one_that_changed_since_is_not_taken_away(program, pair):
    anna, hanna = pair
    first, second, third = (Place((f"{number} Quay",), "", "Bristol", "GB") for number in (1, 2, 3))
    addresses.save(member=anna, place=first, now=b.moment("2026-01-20"))
    addresses.save(member=hanna, place=second, now=b.moment("2026-01-20"))

    made = merge(program, "2026-02-01", kept=anna, gone=hanna)
    with scope(program=program):
        merged = addresses.of(member=anna)
    undo(program, made, "2026-02-02")
    addresses.save(member=anna, place=None, now=b.moment("2026-02-03"))
    made = merge(program, "2026-02-04", kept=anna, gone=hanna)
    addresses.save(member=fresh(anna), place=third, now=b.moment("2026-02-05"))
    undo(program, made, "2026-02-06")

    with scope(program=program):
        assert merged == first
        assert addresses.of(member=anna) == third
        assert addresses.of(member=hanna) == second


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
        by.save()

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
