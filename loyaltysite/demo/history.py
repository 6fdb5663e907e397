"""A year of the shop, month by month: the orders through the import command, and what members spend in between."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.demo.pack import FOLDER
from loyaltysite.demo.program import UNIT
from loyaltysite.kit.errors import DomainError
from members.models import Fact, Identity, Member, Order, Program, Return
from rewards import ledger
from rewards.models import Wallet

SOURCE = "online-retail"
FIRST_ORDER, FIRST_DAY, LAST_DAY = "536365", date(2010, 12, 1), date(2011, 12, 9)
# A member comes to the counter for a reward about once a year, and takes all that hundreds of stars can buy.
EVERY_MONTHS = 12
STEP = 100


class RowsRejected(DomainError):
    code = "demo_rows_rejected"
    message = _("%(count)d rows of the demo were rejected, see %(path)s.")


Say = Callable[[str], None]


class DatesDiffer(DomainError):
    code = "demo_dates_differ"
    message = _("The demo was loaded with other dates; remove it first.")


def days_to_move(*, program: Program, keep_dates: bool) -> int:
    """By how many days every order is moved: all by the same number and at the same time of day.

    So the last order was the day before the program was made, and every distance in time stays as it was, which
    returns, tiers and expiry live by. The shop's week turns with it: it was closed on Saturdays and now is so on
    whatever day that has become. A demo that was begun goes on as it began.
    """
    local = program.created_at.astimezone(program.zone).date()
    days = 0 if keep_dates else (local - timedelta(days=1) - LAST_DAY).days
    with scope(program=program):
        first = Order.objects.filter(program=program, source=SOURCE, external_id=FIRST_ORDER).first()
    if first is not None and (first.occurred_at.astimezone(program.zone).date() - FIRST_DAY).days != days:
        raise DatesDiffer
    return days


def replay(
    *, program: Program, days: int, limit: int | None, processes: int, verbosity: int, say: Say
) -> None:
    """Import the months and let members spend after each. What is there already is left as it is."""
    left = limit
    months = [path.name.removesuffix(".csv.xz") for path in sorted(FOLDER.glob("*.csv.xz"))]
    begun = _last_month(program, days)
    for month in months:
        if left is not None and left <= 0:
            break
        # Spending follows a month's orders, so all months before the last one begun are complete.
        if limit is None and month < begun:
            continue
        report = _import(program, month, days, left, processes, verbosity)
        say(_told(month, report))
        if left is not None:
            left -= report["orders"] + report["returns"]
        # Not in the last month, where the first points end: what is then there to spend depends on when it is asked.
        if month != months[-1]:
            _spend(program=program, month=month, at=_end_of(month, days, program))


def _import(
    program: Program, month: str, days: int, limit: int | None, processes: int, verbosity: int
) -> dict[str, Any]:
    answer = io.StringIO()
    call_command(
        "import_orders",
        str(FOLDER / f"{month}.csv.xz"),
        program=program.slug,
        profile="online-retail",
        source=SOURCE,
        store="online",
        move_days=days,
        limit=limit,
        processes=processes,
        rejected=str(settings.VAR_DIR / "demo.rejected.csv"),
        no_settle=True,
        json=True,
        verbosity=verbosity,
        stdout=answer,
    )
    report: dict[str, Any] = json.loads(answer.getvalue())
    if report["rejected_rows"]:
        raise RowsRejected(count=report["rejected_rows"], path=report["rejected_file"])
    return report


def _told(month: str, report: dict[str, Any]) -> str:
    return _(
        "%(month)s: %(orders)d orders, %(returns)d returns, %(members)d new members, %(seconds).0f s"
    ) % {
        "month": month,
        "orders": report["orders"],
        "returns": report["returns"],
        "members": report["members_created"],
        "seconds": report["seconds"],
    }


def _last_month(program: Program, days: int) -> str:
    with scope(program=program):
        order = Order.objects.filter(program=program, source=SOURCE).order_by("-occurred_at").first()
    if order is None:
        return ""
    return f"{order.occurred_at.astimezone(program.zone) - timedelta(days=days):%Y-%m}"


def _end_of(month: str, days: int, program: Program) -> datetime:
    """Shortly before midnight of the month's last day, moved."""
    year, number = (int(part) for part in month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return datetime.combine(following + timedelta(days=days - 1), time(23, 50), tzinfo=program.zone)


def _spend(*, program: Program, month: str, at: datetime) -> None:
    """Let those spend whose month it is, each at a moment of their own; `at` is the end of the month."""
    with scope(program=program):
        done = set(
            Fact.objects.filter(
                program=program, source="demo", kind="spend", external_id__startswith=month
            ).values_list("external_id", flat=True)
        )
        rich = Wallet.objects.filter(program=program, unit__key=UNIT, active__gte=STEP).values_list(
            "holder_id", "active"
        )
        balances = dict(rich)
        shop_ids = Identity.objects.filter(program=program, kind=Identity.Kind.SHOP, member__in=balances)
        chosen = [
            (value, member)
            for value, member in shop_ids.order_by("value").values_list("value", "member_id")
            if zlib.crc32(value.encode()) % EVERY_MONTHS == int(month[-2:]) % EVERY_MONTHS
        ]
        members = Member.objects.in_bulk([member for _value, member in chosen])
        seen = _last_seen(list(members), at)
        for value, member in chosen:
            key = f"{month}-{value}"
            if key not in done:
                amount = balances[member] // STEP * STEP
                moment = _moment_of(key, seen.get(member), at)
                ledger.spend(
                    program=program, member=members[member], unit=UNIT, amount=amount, key=key, now=moment,
                    source="demo",
                )  # fmt: skip


def _last_seen(members: list[int], end: datetime) -> dict[int, datetime]:
    """When each of these last bought or brought back something, of those who did within the month before `end`."""
    found: dict[int, datetime] = {}
    for model in (Order, Return):
        rows = model.objects.filter(member_id__in=members, occurred_at__range=(end - timedelta(days=31), end))
        for member, last in rows.values_list("member_id").annotate(Max("occurred_at")):
            found[member] = max(last, found.get(member, last))
    return found


def _moment_of(key: str, seen: datetime | None, end: datetime) -> datetime:
    """At the counter soon after the last purchase, or on some day of the month during opening hours; always the same
    for the same key, and never before what the member did."""
    chance = zlib.crc32(key.encode())
    if seen is not None:
        return max(seen, min(seen + timedelta(minutes=3 + chance % 40), end))
    day = end.replace(hour=9, minute=30) - timedelta(days=chance % 27)
    return day + timedelta(minutes=chance // 27 % 480)
