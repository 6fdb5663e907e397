"""What the books keep of somebody who leaves: every entry and balance, and for a return what was owed and what was
once for ever. What pages and prices knew of the person is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from members.erasure import SAID, Part
from members.models import ErasureMark, Identity, Member
from rewards import ledger, redemptions, rulebook, sendings
from rewards.households import parting, places
from rewards.imports import keeping
from rewards.models import (
    ChallengeEntry,
    Counter,
    HouseholdInvitation,
    PendingAdjustment,
    Referral,
    ReferralLink,
    ReferralMark,
    Wallet,
)

# The counters of rules that give something once, or so much in a life; see rewards/engine/periods.py.
FOR_LIFE = ":life"


def forget(member: Member, now: datetime) -> dict[str, Any]:
    """Give back what was reserved, and blank what was stored of the person with prices and reasons, and once that is committed what stands of them in
    files to import. Returns {arrears: {unit key: ledger units}, once:
    {counter key: [amount, times, last moment]}} without what is empty."""
    redemptions.release_all(program=member.program, member=member, now=now)
    sendings.release_all(program=member.program, member=member, now=now)
    # Before the household has another head.
    HouseholdInvitation.objects.filter(household__head=member).exclude(hint="").update(hint="")
    parting.depart(program=member.program, member=member, now=now)
    sendings.sent_by(member).update(hint="")
    with connection.cursor() as cursor:
        cursor.execute("SELECT wafa_forget(%s)", [member.pk])
    if not ErasureMark.objects.filter(program=member.program).exists():
        # The first mark of the program: from now on every process looks for marks before somebody joins by a fact.
        rulebook.touch(member.program)
    ReferralLink.objects.filter(member=member).delete()
    said = Referral.objects.filter(Q(friend=member) | Q(referrer=member)).exclude(answer="")
    said.update(answer=SAID)
    ReferralMark.objects.filter(member=member).delete()
    # The name on a leaderboard is the person's own.
    ChallengeEntry.objects.filter(member=member).delete()
    asked = PendingAdjustment.objects.filter(member=member)
    asked.filter(state=PendingAdjustment.State.WAITING).delete()
    asked.update(reason=SAID)
    asked.exclude(answer="").update(answer=SAID)
    known = [("number", member.number), *Identity.objects.filter(member=member).values_list("kind", "value")]
    transaction.on_commit(
        partial(keeping.forget, program=member.program, known=known, name=member.name), robust=True
    )
    owed = Wallet.objects.filter(holder_id=member.pk, arrears__gt=0).select_related("unit")
    once = Counter.objects.filter(holder_id=member.pk, key__endswith=FOR_LIFE)
    burden = {
        "arrears": {wallet.unit.key: wallet.arrears for wallet in owed},
        "once": {
            row.key: [row.amount, row.times, row.last_at.isoformat() if row.last_at else None] for row in once
        },
    }
    return {name: values for name, values in burden.items() if values}


def resume(member: Member, burden: Mapping[str, Any], number: int, now: datetime) -> None:
    """The person is back: owed points are owed again, and what was given once was given. Who left twice, known by
    different contacts, takes up both."""
    for key, (amount, times, last) in burden.get("once", {}).items():
        last_at = datetime.fromisoformat(last) if last else None
        values = {"amount": amount, "times": times, "last_at": last_at}
        kept, is_new = Counter.objects.get_or_create(
            holder_id=member.pk, key=key, defaults={"program": member.program, **values}
        )
        if not is_new:
            latest = max((each for each in (kept.last_at, last_at) if each), default=None)
            Counter.objects.filter(holder_id=member.pk, key=key).update(
                amount=kept.amount + amount, times=kept.times + times, last_at=latest
            )
    for unit, amount in burden.get("arrears", {}).items():
        ledger.owe(
            program=member.program,
            member=member,
            unit=unit,
            amount=amount,
            key=f"{member.pk}:{unit}:{number}",
            now=now,
        )


PART = Part(guard=places.lock_with, forget=forget, resume=resume)
