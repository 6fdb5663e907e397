"""A program with tiers and members in the real database."""

from datetime import date, datetime
from itertools import count

from django_scopes import scopes_disabled

from members.models import Holder, Member, Program, User
from rewards.models import Metric, Tier, TierScheme
from tests.rewards.tiers.timeline import THRESHOLDS, moment

_numbers = count(1)


def open_program(slug: str = "mugs", *, thresholds: dict[str, int] | None = None, **scheme) -> Program:
    with scopes_disabled():
        program = Program.objects.create(slug=slug, name=slug, currency="EUR")
        TierScheme.objects.create(program=program, **scheme)
        for rank, (key, threshold) in enumerate((thresholds or THRESHOLDS).items()):
            Tier.objects.create(
                program=program, key=key, rank=rank, threshold=threshold, multipliers={"points": "3/2"}
            )
    return program


def join(program: Program, *, at: str = "2025-06-01") -> Member:
    with scopes_disabled():
        holder = Holder.objects.create(program=program)
        return Member.objects.create(
            holder=holder, program=program, number=f"{next(_numbers):012}", joined_at=moment(at)
        )


def spend(member: Member, day: str, amount: int) -> None:
    """Count an order the way a posting does, with its guard."""
    from rewards.tiers import standings

    at = moment(day)
    with scopes_disabled():
        program = Program.objects.get(pk=member.program_id)
        course = standings.load(program=program, member_ids=[member.pk])[member.pk]
        course.add(at, spend_minor=amount, orders=1, now=at)
        for bucket, totals in course.touched_metrics.items():
            Metric.objects.update_or_create(
                holder_id=member.pk,
                bucket=bucket,
                defaults={
                    "program": program,
                    "spend_minor": totals.spend_minor,
                    "orders": totals.orders,
                    "last_on": totals.last_on,
                },
            )
        standings.save(program=program, courses={member.pk: course}, now=at)


def tier_of(program: Program, key: str) -> Tier:
    with scopes_disabled():
        return Tier.objects.get(program=program, key=key)


def staff(email: str = "staff@example.org") -> User:
    return User.objects.create_user(email)


def level(member: Member, day: str | datetime) -> str:
    from rewards.tiers import standings

    at = moment(day) if isinstance(day, str) else day
    program = Program.objects.get(pk=member.program_id)
    found = standings.load(program=program, member_ids=[member.pk])[member.pk].level_at(at)
    return found.key if found else ""


def day(text: str) -> date:
    return date.fromisoformat(text)
