"""Tiers in the real database. SEMANTICS 33 to 37, and 16 for the guard."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope, scopes_disabled

from loyaltysite.kit.errors import NotFound
from members.models import AuditEntry, Event, Holder
from rewards import tasks
from rewards.models import Standing
from rewards.tiers import standings
from tests.rewards.tiers.house import day, join, level, open_program, spend, staff, tier_of
from tests.rewards.tiers.timeline import midnight, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return open_program()


@pytest.fixture
def member(program):
    return join(program)


@pytest.fixture
def manager():
    return staff()


def seq_of(member):
    with scopes_disabled():
        return Holder.objects.get(pk=member.pk).seq


def events_of(member):
    with scopes_disabled():
        return [
            (event.data["before"], event.data["after"]) for event in Event.objects.filter(holder_id=member.pk)
        ]


class TestProgress:
    def test_it_works(self, program, member):
        spend(member, "2026-02-01", 350)

        progress = standings.progress_of(program=program, member=member, now=moment("2026-03-01"))

        assert (progress.level.key, progress.next_level.key, progress.missing) == ("silver", "gold", 150)

    def test_another_program_does_not_know_the_member(self, member):
        other = open_program("cups")

        with pytest.raises(NotFound):
            standings.progress_of(program=other, member=member, now=moment("2026-03-01"))

    def test_a_program_without_tiers_says_so(self):
        plain = open_program("plain", thresholds={})
        with scopes_disabled():
            plain.tiers.all().delete()

        with pytest.raises(standings.NoTiers):
            standings.progress_of(program=plain, member=join(plain), now=moment("2026-03-01"))

    def test_many_courses_take_as_many_statements_as_one(self, program):
        members = [join(program) for _ in range(5)]
        for one in members:
            spend(one, "2026-02-01", 500)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            courses = standings.load(program=program, member_ids=[one.pk for one in members])

        assert len(courses) == 5
        assert len(queries) == 4


class TestManualTiers:
    """SEMANTICS 35."""

    def test_it_works(self, program, member, manager):
        standing = standings.set_manual(
            program=program, member=member, tier=tier_of(program, "gold"), reason="A guest of honour", by=manager,
            until=day("2026-07-31"), now=moment("2026-02-01"),
        )  # fmt: skip

        assert (standing.origin, standing.reason, standing.author) == ("manual", "A guest of honour", manager)
        assert standing.valid_until == midnight("2026-08-01")
        assert level(member, "2026-02-02") == "gold"
        assert level(member, "2026-08-01") == "basic"

    def test_it_is_audited_told_and_guarded(self, program, member, manager):
        before = seq_of(member)

        standings.set_manual(
            program=program, member=member, tier=tier_of(program, "gold"), reason="A guest of honour", by=manager,
            until=day("2026-07-31"), now=moment("2026-02-01"),
        )  # fmt: skip

        with scopes_disabled():
            entry = AuditEntry.objects.get(action="tier.set")
        assert (entry.actor, entry.reason, entry.subject_id) == (manager, "A guest of honour", member.number)
        assert entry.before["tier"] == "basic"
        assert entry.after["tier"] == "gold"
        assert events_of(member) == [(tier_of(program, "basic").pk, tier_of(program, "gold").pk)]
        assert seq_of(member) == before + 1

    @pytest.mark.parametrize(
        ("key", "reason", "until", "field"),
        [
            ("gold", "  ", "2026-07-31", "reason"),
            ("gold", "Because", "2026-01-31", "until"),
            ("basic", "Because", "2026-07-31", "tier"),
            ("silver", "Because", "2026-07-31", "tier"),
        ],
    )
    def test_refusals_name_the_field_and_write_nothing(
        self, program, member, manager, key, reason, until, field
    ):
        spend(member, "2026-01-15", 500)

        with pytest.raises(standings.ManualTierRefused) as refusal:
            standings.set_manual(
                program=program, member=member, tier=tier_of(program, key), reason=reason, by=manager,
                until=day(until), now=moment("2026-02-01"),
            )  # fmt: skip

        assert refusal.value.field == field
        with scopes_disabled():
            assert not Standing.objects.filter(origin="manual").exists()
            assert not AuditEntry.objects.exists()

    def test_members_and_tiers_of_another_program_are_not_found(self, program, member, manager):
        other = open_program("cups")
        given = {"reason": "Because", "by": manager, "until": day("2026-07-31"), "now": moment("2026-02-01")}

        with pytest.raises(NotFound):
            standings.set_manual(program=other, member=member, tier=tier_of(other, "gold"), **given)
        with pytest.raises(NotFound):
            standings.set_manual(program=program, member=member, tier=tier_of(other, "gold"), **given)

    def test_ending_one_is_audited(self, program, member, manager):
        standings.set_manual(
            program=program, member=member, tier=tier_of(program, "gold"), reason="A guest of honour", by=manager,
            until=day("2026-07-31"), now=moment("2026-02-01"),
        )  # fmt: skip

        standings.end_manual(
            program=program, member=member, reason="A mistake", by=manager, now=moment("2026-03-01")
        )
        standings.end_manual(
            program=program, member=member, reason="A mistake", by=manager, now=moment("2026-03-02")
        )

        with scopes_disabled():
            entry = AuditEntry.objects.get(action="tier.end")
        assert (entry.before["tier"], entry.after["tier"]) == ("gold", "basic")
        assert level(member, "2026-03-02") == "basic"

    def test_the_database_wants_reason_author_and_end(self, program, member):
        with scope(program=program), pytest.raises(IntegrityError), transaction.atomic():
            Standing.objects.create(
                program=program,
                member=member,
                tier=tier_of(program, "gold"),
                origin="manual",
                since=moment("2026-02-01"),
            )


class TestReviews:
    """SEMANTICS 34."""

    def test_it_works(self, program, member):
        spend(member, "2026-02-01", 500)
        spend(member, "2027-05-01", 250)
        before = seq_of(member)

        assert standings.review_due(program=program, now=moment("2027-12-31")) == 0
        assert standings.review_due(program=program, now=moment("2028-01-01")) == 1

        with scopes_disabled():
            rows = list(
                Standing.objects.order_by("since").values_list("tier__key", "origin", "since", "ended_at")
            )
        assert rows[1:] == [("silver", "review", midnight("2028-01-01"), None)]
        assert rows[0][0] == "gold"
        assert rows[0][3] == midnight("2028-01-01")
        assert events_of(member)[-1] == (tier_of(program, "gold").pk, tier_of(program, "silver").pk)
        assert seq_of(member) == before + 1

    def test_twice_does_nothing_more(self, program, member):
        spend(member, "2026-02-01", 500)
        now = moment("2028-03-01")
        standings.review_due(program=program, now=now)
        before = seq_of(member), len(events_of(member))

        assert standings.review_due(program=program, now=now) == 0
        assert (seq_of(member), len(events_of(member))) == before

    def test_grace_is_waited_for(self):
        program = open_program(grace_days=30)
        spend(join(program), "2026-02-01", 500)

        assert standings.review_due(program=program, now=moment("2028-01-30")) == 0
        assert standings.review_due(program=program, now=moment("2028-01-31")) == 1

    def test_a_manual_tier_ends_without_grace(self, manager):
        program = open_program(grace_days=30)
        member = join(program)
        standings.set_manual(
            program=program, member=member, tier=tier_of(program, "gold"), reason="A guest of honour", by=manager,
            until=day("2026-07-31"), now=moment("2026-02-01"),
        )  # fmt: skip

        assert standings.review_due(program=program, now=moment("2026-08-01")) == 1
        assert events_of(member)[-1] == (tier_of(program, "gold").pk, tier_of(program, "basic").pk)

    def test_a_limit_leaves_the_rest_to_the_next_run(self, program):
        for _ in range(3):
            spend(join(program), "2026-02-01", 500)

        taken = [standings.review_due(program=program, now=moment("2028-01-01"), limit=2) for _ in range(3)]

        assert taken == [2, 1, 0]

    def test_chunks_cover_everybody(self, program, monkeypatch):
        monkeypatch.setattr(standings, "CHUNK", 2)
        for _ in range(5):
            spend(join(program), "2026-02-01", 500)

        assert standings.review_due(program=program, now=moment("2028-01-01")) == 5

    def test_statements_do_not_grow_with_members(self, program):
        def statements():
            with CaptureQueriesContext(connection) as queries:
                standings.review_due(program=program, now=moment("2028-01-01"))
            return len(queries)

        spend(join(program), "2026-02-01", 500)
        one = statements()
        for _ in range(6):
            spend(join(program), "2026-02-01", 500)

        assert statements() == one

    def test_another_program_is_left_alone(self, program, member):
        spend(member, "2026-02-01", 500)

        assert standings.review_due(program=open_program("cups"), now=moment("2028-01-01")) == 0

    def test_a_program_without_tiers_has_nothing_to_review(self):
        plain = open_program("plain")
        with scopes_disabled():
            plain.tiers.all().delete()

        assert standings.review_due(program=plain, now=moment("2028-01-01")) == 0

    def test_the_task_reviews_all_programs(self, time_machine):
        for slug in ("one", "two"):
            spend(join(open_program(slug)), "2026-02-01", 500)
        time_machine.move_to(moment("2028-01-01"))

        assert tasks.review_tiers.delay().get() == 2

    def test_the_command_reviews_one_program(self, program, member, time_machine):
        spend(member, "2026-02-01", 500)
        spend(join(open_program("cups")), "2026-02-01", 500)
        time_machine.move_to(moment("2028-01-01"))
        out = StringIO()

        call_command("review_tiers", program="mugs", stdout=out)

        assert out.getvalue() == "mugs: 1 members reviewed\n"

    def test_the_command_names_a_program_that_is_not_there(self):
        with pytest.raises(CommandError, match="There is no program nowhere"):
            call_command("review_tiers", program="nowhere")
