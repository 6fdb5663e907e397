"""Who stands at the till, by exactly what was typed or scanned: nobody is found by a beginning or by a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError, NotFound
from members import audit, identities, numbers
from members.models import Identity, Member, Program, User
from members.queries import Sought
from members.regions import region_of

# In this order when one text fits several.
KINDS = (Identity.Kind.CARD, Identity.Kind.PHONE, Identity.Kind.EMAIL)
SCANNED = re.compile(rf"(?<![0-9])[0-9]{{{numbers.LENGTH}}}(?![0-9])")


class NobodyFound(NotFound):
    code = "member_unknown"
    message = _("Nobody found. Check it, or take them in as a new member.")


class NumberWrong(DomainError):
    """Twelve digits that fail their check digit, and nobody's card or phone either."""

    code = "number_wrong"
    message = _("One digit of this number is wrong, or two have changed places. Read it again.")


def find(*, program: Program, typed: str, by: User, now: datetime) -> Member:
    """The member with exactly this number, card, phone or e-mail; who looked is audited, not what was typed.

    A QR code may hold the number inside an address. Raises NobodyFound, NumberWrong."""
    sought = Sought.parse(typed)
    found = _by_number(program, sought.text) or _by_identity(program, sought.text)
    note(program=program, found=found, by=by, now=now)
    if found is not None:
        return found
    raise NumberWrong(field="q") if sought.number_is_wrong else NobodyFound(field="q")


def note(*, program: Program, found: Member | None, by: User, now: datetime) -> None:
    """Audit that somebody was looked up, whichever way."""
    audit.record(
        program=program,
        actor=by,
        action="till.find",
        subject="member",
        subject_id=found.number if found else "",
        now=now,
    )


def at_number(*, program: Program, number: str) -> Member:
    """The member with this number. Raises NobodyFound, also for one who is closed."""
    found = _of_numbers(program, [number])
    if found is None:
        raise NobodyFound(field="member")
    return found


def _by_number(program: Program, text: str) -> Member | None:
    digits = re.sub(r"[\s-]", "", text)
    found = [digits] if digits.isdigit() else SCANNED.findall(text)
    wanted = [number for number in found if numbers.is_valid(number)]
    return _of_numbers(program, wanted) if wanted else None


def _by_identity(program: Program, text: str) -> Member | None:
    values = dict(_readings(program, text))
    rows = Identity.objects.filter(program=program, value__in=set(values.values()), kind__in=KINDS)
    fitting = {
        row.kind: row.member for row in rows.select_related("member") if values.get(row.kind) == row.value
    }
    members = (fitting[kind] for kind in KINDS if kind in fitting)
    return next((member for member in members if member.state != Member.State.CLOSED), None)


def _readings(program: Program, text: str) -> Iterator[tuple[str, str]]:
    """What the text is as a card, a phone number and an e-mail, where it can be one."""
    for kind in KINDS:
        try:
            yield kind, identities.normalize(kind, text, region=region_of(program))
        except identities.IdentityInvalid:
            continue


def _of_numbers(program: Program, wanted: Collection[str]) -> Member | None:
    """Nobody who is closed; an old card of somebody merged stands for whom it was merged into."""
    rows = Member.objects.filter(program=program, number__in=wanted).select_related("merged_into")
    members = (row.merged_into or row for row in rows)
    return next((member for member in members if member.state != Member.State.CLOSED), None)
