"""What a posting about a redemption must know, in one snapshot with the member's wallets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from members.models import Program
from rewards import ids, parties, posting, rulebook
from rewards.intake.state import Person, State, lot_of, moment, unpack
from rewards.lots import LotRow
from rewards.models import Reward


@dataclass(slots=True)
class Held:
    """A redemption as it stands."""

    state: str
    reward_id: int
    parts: list[tuple[int, int, int]]
    issued_at: datetime | None
    due_at: datetime | None
    store_id: int | None
    stage: str
    tracking: str


@dataclass(slots=True)
class Seen:
    """`reward` is (state, stock, taken) as it stands, `version` (revision, when it was made); `count` is how many the
    holders took in the period."""

    state: State
    reward: tuple[str, int | None, int]
    version: tuple[int, datetime]
    count: int
    held: Held | None
    lots: dict[int, LotRow]


def read(
    *,
    program: Program,
    holders: list[int],
    fact: tuple[str, str, str],
    question: dict[str, Any],
    now: datetime,
    with_course: bool = False,
    since: datetime | None = None,
    others: tuple[int, ...] = (),
    whole: bool = False,
) -> Seen:
    """`others` are the cause or the household that takes part, with `whole` with its open lots; `fact` is (source, kind,
    external id) of what is about to be done; `question` see redemptions.sql. `with_course` reads the tier and the plans
    too, these `since` then, else of now."""
    source, kind, external_id = fact
    wanted: dict[str, Any] = {
        "program": program.pk,
        "facts": [{"i": 0, "source": source, "kind": kind, "external_id": external_id, "revision": 0}],
        "holders": holders,
        "due": now.isoformat(),
    }
    book = rulebook.of(program.pk, database=_database())
    if with_course:
        wanted["terms_from"] = (since or now).isoformat()
        if book.scheme is not None:
            wanted["metrics_from"] = date.min.isoformat()
    question = question | {"holders": holders}
    found: dict[str, Any] = {}
    if others:
        question |= {"program": program.pk, "others": others, "whole": whole}
        document, found = posting.read_with(wanted, "wafa_read_gift", question)
        more = found["redemption"]
        parties.join(document, found["holders"])
    else:
        document, more = posting.read_with(wanted, "wafa_read_redemption", question)
    if document["catalogue"] != book.catalogue:
        book = rulebook.of(program.pk, database=_database(), catalogue=document["catalogue"])
    state = State(book, now, ids.pool(16))
    unpack(document, state)
    if found:
        parties.lapse_together(state, found["holders"])
    lots = {row[0]: state.lots.get(row[0]) or lot_of(row) for row in more["lots"] or ()}
    *reward, revision, created_at = more["reward"] or (None, None, 0, 0, now.isoformat())
    version = (revision, datetime.fromisoformat(created_at))
    return Seen(state, tuple(reward), version, more["count"] or 0, _held(more["redemption"]), lots)


def is_kept(program: Program, reward: Reward) -> bool:
    """Whether only holders of a tier or plan can have it."""
    return reward.key in rulebook.of(program.pk, database=_database()).exclusive


def rules_of(program: Program) -> rulebook.Rulebook:
    """As they are for this request."""
    return rulebook.of(program.pk, database=_database(), catalogue=program.catalogue)


def person_of(state: State, member_id: int) -> Person | None:
    """The member, or who it was merged into."""
    person = state.people.get(member_id)
    while person is not None and person.merged_into:
        person = state.people.get(person.merged_into)
    return person


def _held(row: list[Any] | None) -> Held | None:
    if row is None:
        return None
    state, reward, parts, issued, due, store, stage, tracking = row
    return Held(
        state, reward, [tuple(part) for part in parts], moment(issued), moment(due), store, stage, tracking
    )


def _database() -> str:
    return str(connection.settings_dict["NAME"])
