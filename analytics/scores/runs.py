"""A run scores all customers of a program: asked for by staff or by night, carried out by one worker, kept with its facts.

A run that a worker left half done is taken up again by the next; scores are written in chunks and a repeat gives the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, transaction
from django_scopes import scope, scopes_disabled
from numpy.typing import NDArray

from analytics import margins
from analytics.models import ModelFit, ScoreRun
from analytics.scores import (
    actions,
    calibration,
    foretelling,
    pasts,
    policies,
    proof,
    purchases,
    responses,
    summary,
)
from analytics.scores.foretelling import Foretold, Terms, Told
from analytics.scores.pasts import Purchases
from analytics.scores.responses import Responses
from campaigns.audiences import segments
from loyaltysite.kit.db import only_one
from members import audit, scores
from members.models import Band, Program, User
from rewards.tiers import valuing

log = logging.getLogger(__name__)

State = ScoreRun.State
OPEN = (State.WAITING, State.RUNNING)
DEFINITION = 1
CHUNK = 50_000
BANDS = np.array([each.value for each in Band])
CHANNELS = np.array([*responses.CHANNELS, ""])
LOCK = "wafa-scores"
# The year's lines tell which share of an amount is kept; NULL where nobody knows.
MARGIN = """
    SELECT (sum({margin}) / nullif(sum(l.amount_minor) FILTER (WHERE ({margin}) IS NOT NULL), 0))::float
    FROM members_order o JOIN members_orderline l ON l.order_id = o.id AND l.revision = o.revision
        JOIN members_program p ON p.id = o.program_id
    WHERE o.program_id = %s AND o.state IN ('placed', 'paid') AND o.occurred_at >= %s::date - 365
"""

type Say = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that one run knows of its customers; each part has a position a customer."""

    past: Purchases
    foretold: Foretold
    answers: Responses
    chosen: actions.Actions
    held_out: NDArray[np.bool_]
    margin: float


def newest(program: Program, *states: str) -> ScoreRun | None:
    """The newest run, of these states if any are named."""
    with scope(program=program):
        found = ScoreRun.objects.filter(program=program, **({"state__in": states} if states else {}))
        return found.order_by("-pk").first()


def ask(*, program: Program, now: datetime, by: User | None = None) -> ScoreRun:
    """Let a worker score the customers; where one is already asked for, that one."""
    with scope(program=program):
        try:
            with transaction.atomic():
                run = ScoreRun.objects.create(program=program, asked_by=by, asked_at=now)
                if by is not None:
                    audit.record(
                        program=program,
                        actor=by,
                        action="scores.ask",
                        subject="scores",
                        subject_id=run.pk,
                        now=now,
                    )
        except IntegrityError:
            return ScoreRun.objects.get(program=program, state__in=OPEN)
    return run


def waiting() -> list[ScoreRun]:
    """Runs that nobody has finished, of all programs, the oldest first."""
    with scopes_disabled():
        return list(ScoreRun.objects.filter(state__in=OPEN).select_related("program").order_by("pk"))


def carry_out(*, run: ScoreRun, now: datetime) -> bool:
    """Score all customers of the run's program as of today there. False where somebody else is at it or it is done.

    Whatever goes wrong ends the run as failed and is raised."""
    program = run.program
    with scope(program=program), only_one(LOCK, program.pk % 2**31) as is_mine:
        if not is_mine or not ScoreRun.objects.filter(pk=run.pk, state__in=OPEN).exists():
            return False
        begin = perf_counter()
        today = now.astimezone(program.zone).date()
        _keep(run, state=State.RUNNING, started_at=now, as_of=today, stage="read", done=0)
        try:
            found = _score(run, program, today, now)
        except Exception:
            _keep(run, state=State.FAILED, finished_at=now)
            raise
        _keep(
            run,
            state=State.DONE,
            stage="",
            done=100,
            finished_at=now,
            seconds=perf_counter() - begin,
            **found,
        )
        log.info("customers scored", extra={"program": program.slug, "customers": run.customers})
    return True


def _score(run: ScoreRun, program: Program, today: date, now: datetime) -> dict[str, Any]:
    policy = policies.of(program)
    past = purchases.read(program=program, today=today, horizon=policy.horizon_days)
    share, source = margin_of(program, today)
    terms = Terms(1.0 if share is None else share, program.discount_rate / 10_000, policy.horizon_days)
    facts = {
        "definition": DEFINITION, "customers": len(past), "margin_share": share, "margin_source": source,
        "discount_rate": program.discount_rate, "horizon_days": policy.horizon_days,
    }  # fmt: skip
    if not len(past):
        scores.forget(program=program, before=now)
        valuing.review(program=program, now=now)
        segments.look_anew(program=program, prefix="score.")
        return facts | {"model": ScoreRun.Model.PLAIN, "why": "few_customers", "result": {}}
    _keep(run, stage="fit", done=10)
    foretold = foretelling.foretell(past, terms=terms)
    _keep(run, stage="check", done=45)
    checked, fits = calibration.check(past, horizon=policy.horizon_days)
    _keep(run, stage="choose", done=60)
    answers = responses.read(program=program, members=past.members)
    held_out = responses.held_out(program=program, members=past.members, percent=policy.holdout)
    chosen = actions.choose(
        past,
        foretold,
        answers,
        offer_share=policy.offer_share,
        budget_minor=policy.budget_minor,
        held_out=held_out,
    )
    _keep(run, stage="write", done=65)
    found = Found(past, foretold, answers, chosen, held_out, terms.margin)
    write(program=program, found=found, now=now, say=lambda done: _keep(run, done=done))
    proof.note(program=program, now=now)
    valuing.review(program=program, now=now)
    segments.look_anew(program=program, prefix="score.")
    _keep_fits(run, program, foretold.fits, fits)
    return facts | {
        "model": foretold.chosen.name, "why": foretold.chosen.why, "spend_model": foretold.spend_model,
        "result": summary.of(past, foretold, chosen, held_out, answers)
        | {"calibration": checked, "effect": proof.told(proof.effect(program=program, now=now))},
    }  # fmt: skip


def margin_of(program: Program, today: date) -> tuple[float | None, str]:
    """The share of an amount that is kept, from the last year's lines, and where it comes from."""
    margin = margins.of_lines_sql("l", "p")
    with connection.cursor() as cursor:
        cursor.execute(MARGIN.format(margin=margin), [program.pk, today])
        share = cursor.fetchone()[0]
    if share is None:
        rate = program.margin_rate
        return (None, "unknown") if rate is None else (rate / 10_000, "rate")
    return float(min(max(share, -9.0), 1.0)), margins.source(program)


def write(*, program: Program, found: Found, now: datetime, say: Say) -> None:
    """Hand the figures to members in chunks, and take away those of who is no customer any more."""
    total = len(found.past)
    for start in range(0, total, CHUNK):
        scores.write(program=program, rows=_rows(slice(start, start + CHUNK), found), now=now)
        say(65 + 30 * min(start + CHUNK, total) // total)
    scores.forget(program=program, before=now)


def _rows(part: slice, found: Found) -> Iterator[tuple[object, ...]]:
    """In the order of members.scores.Scored."""
    past, foretold, answers, chosen = found.past, found.foretold, found.answers, found.chosen
    bands = BANDS[np.digitize(foretold.silent[part], scores.THIRDS, right=True)]
    channels = CHANNELS[answers.channel[part]]
    names = actions.NAMES[chosen.kind[part]]

    def money(values: Any) -> list[int]:
        return np.rint(values[part]).astype(np.int64).tolist()  # type: ignore[no-any-return]

    def share(values: Any) -> list[float]:
        return np.round(values[part], 4).tolist()  # type: ignore[no-any-return]

    def days(values: Any) -> list[date | None]:
        return [pasts.day_of(day) if day else None for day in values[part].tolist()]

    return zip(
        past.members[part].tolist(), past.days[part].tolist(), days(past.first), days(past.last),
        money(foretold.amount_minor), money(past.total_minor * found.margin), share(foretold.alive),
        np.round(np.minimum(foretold.expected[part], 99_999), 3).tolist(), money(foretold.value_minor),
        share(foretold.silent), bands.tolist(), share(foretold.upgrade), money(chosen.stake_minor),
        share(answers.share), money(chosen.priority_minor), names.tolist(), channels.tolist(),
        chosen.offer_minor[part].tolist(), days(chosen.act_on), found.held_out[part].tolist(), strict=True,
    )  # fmt: skip


def _keep_fits(run: ScoreRun, program: Program, *groups: tuple[Told, ...]) -> None:
    uses = (ModelFit.Use.SCORES, ModelFit.Use.CALIBRATION)
    ModelFit.objects.filter(run=run).delete()
    ModelFit.objects.bulk_create(
        [
            ModelFit(
                run=run, program=program, use=use, model=told.model, parameters=told.parameters,
                log_likelihood=told.fit.log_likelihood if told.fit else None,
                customers=told.fit.customers if told.fit else 0,
                evaluations=told.fit.evaluations if told.fit else 0,
                converged=told.fit is not None, reason=told.reason[:120], seconds=told.seconds,
            )
            for use, group in zip(uses, groups, strict=True)
            for told in group
        ]
    )  # fmt: skip


def _keep(run: ScoreRun, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    run.save(update_fields=list(values))
