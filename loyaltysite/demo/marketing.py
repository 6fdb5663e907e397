"""What the demo says to its members: the last three months of its campaigns, played with the clock of those days.

Everything goes through the functions that staff, workers and members use. What happened before a journey was in force does not
end it, so that those of the past have no exits by orders, and give no points to who has bought since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django_scopes import scope

from campaigns import approvals, drafting
from campaigns.experiments import deciding, measuring, results
from campaigns.journeys import chunks, editing, scanning, ticking
from campaigns.messages import manners, sending, templates
from campaigns.models import Experiment, Journey, WorkChunk
from campaigns.presets.collection import PRESETS
from campaigns.presets.making import make
from campaigns.presets.preset import Graph, numbered
from loyaltysite.demo.names import invent
from loyaltysite.demo.said import SAID
from loyaltysite.demo.team import DOMAIN
from members import consent, identities, people
from members.models import Channel, Identity, Program, Role, Topic, User

# Days before today: the season's letter and its end, the reminders, the ready journeys, and yesterday.
SEASON, DECIDED, REMINDERS, READY, YESTERDAY = 80, 56, 40, 12, 1
# Who joins while the ready journeys run: a name's seed, and how many days ago.
NEWCOMERS = (("new-1", 9), ("new-2", 6), ("new-3", 4), ("new-4", 3), ("new-5", 2), ("new-6", 1), ("new-7", 1))
CAPS = [
    {"channel": "email", "kind": "marketing", "days": 7, "most": 2},
    {"channel": "email", "kind": "marketing", "days": 1, "most": 1},
]
CONTROL = 5


@dataclass(frozen=True, slots=True)
class Stage:
    """The program with those of its team who act, and its calendar."""

    program: Program
    owner: User
    manager: User
    now: datetime

    def at(self, days: int, hour: int, minute: int = 0) -> datetime:
        """A moment so many days before today, by the program's clock."""
        today = self.now.astimezone(self.program.zone).date()
        return datetime.combine(today - timedelta(days=days), time(hour, minute), tzinfo=self.program.zone)


@transaction.atomic
def begin(*, program: Program, now: datetime) -> bool:
    """Play the campaigns up to now; False, and nothing done, where the program has journeys."""
    with scope(program=program):
        if Journey.objects.filter(program=program).exists():
            return False
        with connection.cursor() as cursor:
            # Letters are written between two statements, and a slow machine may take its time.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        owner, manager = (User.objects.get(email=f"{role}@{DOMAIN}") for role in (Role.OWNER, Role.MANAGER))
        stage = Stage(program, owner, manager, now)
        _behave(stage, stage.at(90, 12), needs_approval=False)
        _tell_of_the_season(stage)
        _remind(stage)
        _launch(stage, stage.at(READY, 9), "welcome", "activation", "expiry")
        _draft(stage, stage.at(READY, 9), "vip")
        for day in range(READY, YESTERDAY, -1):
            _let_join(stage, day)
            _play(stage, stage.at(day, 10, 30))
        _let_join(stage, YESTERDAY)
        _launch(stage, stage.at(YESTERDAY, 8), "win-back", "birthday")
        _play(stage, now)
        measuring.refresh(program=program, now=now, whole=True)
        _behave(stage, now, needs_approval=True)
        _ask_for(stage, "review")
    return True


# --- what was ---------------------------------------------------------------------------------------------------------


def _behave(stage: Stage, at: datetime, *, needs_approval: bool) -> None:
    values = {"sender_name": stage.program.name, "needs_approval": needs_approval}
    manners.change(
        program=stage.program, values=values, caps=CAPS, percent=CONTROL, by=stage.owner, now=at
    )  # fmt: skip


def _tell_of_the_season(stage: Stage) -> None:
    """One letter in two versions, compared for three weeks and decided by what came of it."""
    begun, told = stage.at(SEASON, 15), stage.at(SEASON - 1, 10, 30)
    arms = [("Short", "evenings_short"), ("Long", "evenings_long")]
    test = {"kind": "experiment", "name": "Short or long", "measure": "conversion", "window_days": 21}
    trigger = {"kind": "schedule", "every": "once", "on": str(told.date()), "hour": 10}
    journey = _open(stage, begun, "Longer evenings", trigger, [test | {"paths": _paths(stage, arms, begun)}])
    _play(stage, told)
    decided = stage.at(DECIDED, 16)
    measuring.refresh(program=stage.program, now=decided, whole=True)
    (test_round,) = Experiment.objects.select_related("program").filter(journey=journey)
    result = results.of(test_round)
    better = result.best if result.verdict == results.Verdict.WINNER else None
    arm = better.place if better else 0
    reason = "It brought more of them." if better else "No difference, and the short one is less work."
    deciding.decide(experiment=test_round, arm=arm, by=stage.manager, now=decided, reason=reason)
    journey.refresh_from_db()
    editing.stop(journey=journey, by=stage.manager, now=decided)


def _remind(stage: Stage) -> None:
    """Who is silent for longer than usual hears from the shop, some in one way and some in another, and some not at all."""
    begun = stage.at(REMINDERS, 9)
    arms = [("News", "back_news"), ("Balance", "back_balance")]
    test = {"kind": "experiment", "name": "News or balance", "measure": "revenue", "window_days": 14}
    trigger = {"kind": "inactivity", "tenths": 20, "least_days": 21, "hour": 10}
    _open(
        stage, begun, "It has been a while", trigger, [test | {"paths": _paths(stage, arms, begun)}],
        entry={"mode": "cooldown", "days": 90}, holdout=20, goal={"event": "order", "days": 14},
    )  # fmt: skip
    for day in range(REMINDERS, READY, -1):
        _play(stage, stage.at(day, 10, 30))


def _let_join(stage: Stage, day: int) -> None:
    for seed, when in NEWCOMERS:
        if when == day:
            _join(stage, seed, stage.at(day, 9, 40))


def _join(stage: Stage, seed: str, at: datetime) -> None:
    person = invent(seed)
    email = (Identity.Kind.EMAIL, f"{person.latin}.{seed}@{DOMAIN}")
    member = people.join(
        program=stage.program, name=person.name, contacts=[email], source="portal", language=person.language, now=at
    )  # fmt: skip
    identities.add(member=member, kind=email[0], value=email[1], verified_at=at)
    for topic in (Topic.OFFERS, Topic.REMINDERS):
        consent.grant(member=member, channel=Channel.EMAIL, topic=topic, source="portal", now=at)


# --- journeys ---------------------------------------------------------------------------------------------------------


def _open(
    stage: Stage, at: datetime, name: str, trigger: dict[str, Any], steps: list[dict[str, Any]], **rules: Any
) -> Journey:
    """A journey of the shop's own for who was a member by then."""
    members = {"field": "member.joined_at", "op": "<", "value": at.isoformat()}
    graph: Graph = {
        "trigger": trigger | {"where": members}, "entry": {"mode": "once"}, "exit": [], "holdout": 0, "goal": None,
        "priority": 5, "window": {"late_hours": 48}, "steps": steps, **rules,
    }  # fmt: skip
    journey = drafting.create(
        program=stage.program, name=name, by=stage.manager, now=at, graph=numbered(graph)
    )
    return _publish(stage, journey, at)


def _paths(stage: Stage, arms: list[tuple[str, str]], at: datetime) -> list[dict[str, Any]]:
    """The arms of a test, equal in share, each with one message."""
    return [
        {"name": name, "share": 100 // len(arms), "steps": [_message(stage, message, at)]}
        for name, message in arms
    ]


def _message(stage: Stage, key: str, at: datetime) -> dict[str, Any]:
    name, content = SAID[key]
    template = templates.create(
        program=stage.program, name=name, kind="marketing", topic=Topic.OFFERS, draft=content, by=stage.manager, now=at
    )  # fmt: skip
    templates.publish(template=template, by=stage.manager, now=at)
    step = {"kind": "message", "message": template.pk, "channel": "email", "purpose": "marketing"}
    return step | {"capped": "skip"}


def _launch(stage: Stage, at: datetime, *keys: str) -> None:
    for key in keys:
        _publish(stage, _draft(stage, at, key), at)


def _draft(stage: Stage, at: datetime, key: str) -> Journey:
    preset = next(preset for preset in PRESETS if preset.key == key)
    return make(program=stage.program, preset=preset, by=stage.manager, now=at)


def _publish(stage: Stage, journey: Journey, at: datetime) -> Journey:
    editing.publish(journey=journey, by=stage.manager, now=at)
    return journey


def _ask_for(stage: Stage, key: str) -> None:
    """A draft that waits for the owner."""
    journey = _draft(stage, stage.now, key)
    approvals.publish(
        program=stage.program, key=journey.key, by=stage.manager, now=stage.now, revision=drafting.revision_of(journey),
        reason="Ready for the next season.", mapping={},
    )  # fmt: skip


# --- the clock of those days ------------------------------------------------------------------------------------------


def _play(stage: Stage, at: datetime) -> None:
    """What workers do at this moment, and only for this program."""
    scanning.scan(program=stage.program, now=at)
    for chunk in _chunks(stage, at):
        chunks.work(chunk=chunk, clock=lambda: at)
    while sending.send_some(program=stage.program, channel=Channel.EMAIL, clock=lambda: at):
        pass


def _chunks(stage: Stage, at: datetime) -> Iterator[int]:
    """Until nothing is due any more."""
    while True:
        due = ticking.tick(now=at)
        mine = WorkChunk.objects.filter(program=stage.program, pk__in=due)
        found = list(mine.order_by("pk").values_list("pk", flat=True))
        if not found:
            return
        yield from found
