"""Points, rewards and tiers of a step, through the ledger as everything else: under the key of the enrolment, the step and
the hop, so that a repeat gives nothing. A budget is a row that is locked last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from campaigns.journeys.tables import ASKED, CHUNK
from campaigns.models import JourneyStep
from loyaltysite.kit.errors import DomainError
from members.models import Member, Program
from rewards import ledger, prizes, redemptions
from rewards.models import Reward, Tier
from rewards.tiers import standings

KIND = "journey"
ROWS = f"SELECT enrolment_id, member_id, hop FROM {ASKED} ORDER BY enrolment_id"  # noqa: S608 - names of our own
REFUSE = f"""
    UPDATE {CHUNK} c SET outcome = 'refused', reason = r.why
    FROM unnest(%(members)s::bigint[], %(why)s::text[]) AS r(id, why)
    WHERE c.member_id = r.id AND c.moves = 'on' AND c.outcome = 'done'
"""  # noqa: S608 - names of our own
REFUSE_ALL = f"UPDATE {CHUNK} SET outcome = 'refused', reason = %s WHERE moves = 'on' AND outcome = 'done'"  # noqa: S608

type Row = tuple[int, int, int]


def points(program: Program, step: JourneyStep, now: datetime, *, is_dry: bool) -> None:
    """The same amount for everybody in one posting; who comes after the budget is spent is refused."""
    amount = step.config["amount"]
    rows = _within(step, _rows(), amount)
    refused = {}
    if not is_dry:
        prize = {"unit": step.config["unit"], "amount": amount}
        wishes = [
            prizes.wish(program, member_id=member, prize=prize, kind=KIND, key=_key(step, row), now=now)
            for row in rows
            for member in (row[1],)
        ]
        refused = ledger.carry_out_each(program=program, wishes=wishes, now=now) if wishes else {}
    refuse(refused)
    _spend(step, (len(rows) - len(refused)) * amount)


def rewards(program: Program, step: JourneyStep, now: datetime, *, is_dry: bool) -> None:
    """A reward is a row that everybody shares (its stock): given one by one."""
    rows = _within(step, _rows(), 1)
    reward = Reward.objects.get(pk=step.config["reward"])
    people = Member.objects.in_bulk([member for _enrolment, member, _hop in rows])
    refused: dict[int, str] = {}
    for row in () if is_dry else rows:
        try:
            with transaction.atomic():
                redemptions.reserve(
                    program=program, member=people[row[1]], reward=reward.key, key=f"{KIND}:{_key(step, row)}", now=now,
                    at_once=True, is_free=True,
                )  # fmt: skip
        except DomainError as error:
            if error.is_transient:
                raise
            refused[row[1]] = error.code[:40]
    refuse(refused)
    _spend(step, len(rows) - len(refused))


def tier(program: Program, step: JourneyStep, now: datetime) -> None:
    """By hand, as staff who published the journey would do it."""
    people, by = [member for _enrolment, member, _hop in _rows()], step.version.published_by
    if not people or by is None:
        return
    found = Tier.objects.get(pk=step.config["tier"])
    until = (now.astimezone(program.zone) + timedelta(days=step.config["days"])).date()
    refuse(
        standings.set_manual_each(
            program=program, member_ids=people, tier=found, reason=step.key, by=by, until=until,
            now=now,
        )
    )  # fmt: skip


def refuse(refused: Mapping[int, str]) -> None:
    if refused:
        with connection.cursor() as cursor:
            cursor.execute(REFUSE, {"members": list(refused), "why": list(refused.values())})


def refuse_all(why: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_ALL, [why[:40]])


def _rows() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return list(cursor.fetchall())


def _key(step: JourneyStep, row: Row) -> str:
    enrolment, _member, hop = row
    return f"{enrolment}:{step.key}:{hop}"


def _within(step: JourneyStep, rows: list[Row], cost: int) -> list[Row]:
    """Those for whom the budget suffices; the others are refused. Locks the step until the end of the transaction."""
    budget = step.config.get("budget")
    if budget is None:
        return rows
    spent = JourneyStep.objects.select_for_update(of=("self",)).get(pk=step.pk).spent
    room = max(0, (budget - spent) // cost)
    refuse({member: "budget" for _enrolment, member, _hop in rows[room:]})
    return rows[:room]


def _spend(step: JourneyStep, amount: int) -> None:
    if amount and step.config.get("budget") is not None:
        JourneyStep.objects.filter(pk=step.pk).update(spent=F("spent") + amount)
