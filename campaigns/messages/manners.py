"""A program's manners: quiet hours, caps, who is in no campaign at all. What holds now, and how it is changed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.models import Carrier, Control, Kind, Manners
from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Program, User

# Where a message comes to the member; on our own surfaces and in the post nobody is woken.
WAKING = ("email", "sms", "push")
DAYS = (1, 7, 30)
MOST_CAPS = 12


class CapUnreadable(DomainError):
    code = "cap_unreadable"
    message = _("A cap needs a number of messages, of 1 to 1,000, and a time.")


class ControlUnreadable(DomainError):
    code = "control_unreadable"
    message = _("The control group has 1 to 15 percent of the members, or there is none.")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the gate needs to know of a program, read once for a chunk."""

    manners: Manners
    percent: int
    salt: str

    def caps_for(self, channel: str, kind: str) -> list[dict[str, Any]]:
        return [
            cap for cap in self.manners.caps if cap["channel"] in {"", channel} and cap["kind"] in {"", kind}
        ]

    def is_quiet(self, channel: str, kind: str) -> bool:
        has_hours = self.manners.quiet_from != self.manners.quiet_until
        return has_hours and channel in WAKING and kind == Kind.MARKETING


def of(program: Program) -> Manners:
    """What is kept, or what holds where nobody has said anything."""
    return Manners.objects.filter(program=program).first() or Manners(program=program)


def rules_of(program: Program) -> Rules:
    with scope(program=program):
        control = Control.objects.filter(program=program, until__isnull=True).first()
        return Rules(of(program), control.percent if control else 0, control.salt if control else "")


def change(
    *,
    program: Program,
    values: dict[str, Any],
    caps: Sequence[dict[str, Any]],
    percent: int,
    by: User,
    now: datetime,
) -> Manners:
    """Keep the manners; `percent` 0 ends the control group, another one begins it anew under a new salt.

    Raises CapUnreadable, ControlUnreadable."""
    kept = [read_cap(cap) for cap in caps][:MOST_CAPS]
    with scope(program=program), transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        mine = of(program)
        before = told(mine)
        for field, value in values.items():
            setattr(mine, field, value)
        mine.caps = kept
        mine.save()
        after = told(mine)
        was = draw_control(program=program, percent=percent, now=now)
        if was != percent:
            before["control"], after["control"] = was, percent
        if before != after:
            audit.record(
                program=program,
                actor=by,
                action="manners.change",
                subject="manners",
                subject_id=program.pk,
                now=now,
                before=audit.changed(before, after),
                after=audit.changed(after, before),
            )
    return mine


def read_cap(cap: dict[str, Any]) -> dict[str, Any]:
    """In its normal form. Raises CapUnreadable."""
    channel, kind = str(cap.get("channel", "")), str(cap.get("kind", ""))
    days, most = cap.get("days"), cap.get("most")
    is_known = channel in {"", *Carrier.values} and kind in {"", *Kind.values} and days in DAYS
    if not is_known or not isinstance(most, int) or not 1 <= most <= 1000:
        raise CapUnreadable(field="caps")
    return {"channel": channel, "kind": kind, "days": days, "most": most}


def draw_control(*, program: Program, percent: int, now: datetime) -> int:
    """The control group has so many percent from now on; what it was before. A repeat changes nothing.

    Raises ControlUnreadable."""
    if percent and not 1 <= percent <= 15:
        raise ControlUnreadable(field="control")
    with scope(program=program), transaction.atomic():
        current = Control.objects.filter(program=program, until__isnull=True).first()
        was = current.percent if current else 0
        if was == percent:
            return was
        if current:
            Control.objects.filter(pk=current.pk).update(until=now)
        if percent:
            # The salt of a year, so that nobody is left out for ever; a change within it keeps who was in.
            year = f"{now.year}:"
            salt = current.salt if current and current.salt.startswith(year) else year + secrets.token_hex(8)
            Control.objects.create(program=program, percent=percent, salt=salt, since=now)
    return was


def told(mine: Manners) -> dict[str, Any]:
    """For the audit."""
    skipped = {"program"}
    fields = [field.name for field in Manners._meta.concrete_fields if field.name not in skipped]  # noqa: SLF001 - public
    return {name: _plain(getattr(mine, name)) for name in fields}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
