"""Pools and coupons for tests: drafted and put up through the domain, told in few words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django_scopes import scope

from members.models import Program, User
from rewards import bulk
from rewards.coupons import coupons
from rewards.models import BulkAction, Code, CodeBatch, CodePool, Coupon, CouponUse
from rewards.pools import batches, pools, signs
from tests.rewards.builders import moment, staff

LONG_AGO = moment("2020-01-01")


def open_pool(program: Program, key: str = "partner", **values: Any) -> CodePool:
    return pools.create(
        program=program, key=key, by=None, now=LONG_AGO, **{"name": key.capitalize()} | values
    )


def bring(pool: CodePool, *codes: str, name: str = "codes.csv", text: str = "") -> CodeBatch:
    """Upload a file of these codes and take it in."""
    content = (text or "\n".join(codes)).encode()
    with scope(program=pool.program):
        batch = batches.upload(pool=pool, name=name, chunks=[content], by=staff(), now=LONG_AGO)
        return finish(batch)


def draw(pool: CodePool, count: int) -> list[str]:
    """So many new codes of ours, as text."""
    with scope(program=pool.program):
        finish(batches.ask(pool=pool, count=count, by=staff(), now=LONG_AGO))
        rows = Code.objects.filter(pool=pool).order_by("pk").values_list("sealed", flat=True)
        return [signs.unseal(program_id=pool.program_id, sealed=sealed) for sealed in rows]


def finish(batch: CodeBatch) -> CodeBatch:
    batches.run(program=batch.program, batch_id=batch.pk, clock=lambda: LONG_AGO)
    with scope(program=batch.program):
        batch.refresh_from_db()
    return batch


def put_up(program: Program, key: str = "summer", *, now: datetime = LONG_AGO, **values: Any) -> Coupon:
    """10 percent off for the word SUMMER, unless said otherwise."""
    given: dict[str, Any] = {"kind": "percent", "names": {"en": key.capitalize()}} | values
    if given["kind"] == "percent":
        given.setdefault("percent", 10)
    if "pool" not in given:
        given.setdefault("word", key.upper())
    coupons.create(program=program, key=key, by=None, now=now, **given)
    return coupons.publish(program=program, key=key, by=None, now=now)


def prepare_gifts(
    program: Program, by: User, *, coupon: str = "gift", at: datetime = LONG_AGO, **wanted: Any
) -> BulkAction:
    """A coupon for many, gathered and not started; it is put up with a pool of its own where there is none."""
    with scope(program=program):
        is_there = Coupon.objects.filter(key=coupon).exists()
    if not is_there:
        put_up(program, coupon, pool=open_pool(program, f"{coupon}-pool").key)
    action = bulk.prepare(
        program=program, kind="coupon", terms={"coupon": coupon, "reason": "thanks"},
        wanted=wanted or {"filter": {}}, by=by, role="owner", now=at,
    )  # fmt: skip
    done = bulk.gather(program=program, action_id=action.pk, now=at)
    assert done is not None
    return done


def uses(program: Program, *, held: bool = True) -> list[CouponUse]:
    with scope(program=program):
        found = CouponUse.objects.filter(program=program).order_by("pk")
        return list(found.filter(given_back_at__isnull=True) if held else found)


def left_out(batch: CodeBatch) -> list[str]:
    path: Path = batches.left_out_of(batch)
    return path.read_text().splitlines() if path.exists() else []
