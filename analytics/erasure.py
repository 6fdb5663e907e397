"""What analytics forget of somebody who leaves: what acting on their scores was to show, and their rows of back-tests.

Sums hold nobody's name and stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analytics.models import Backtest, BacktestMember, Chosen
from members.erasure import Part
from members.models import Member


def guard(member: Member) -> None:
    """Nothing of ours moves with a member."""


def forget(member: Member, now: datetime) -> dict[str, Any]:
    Chosen.objects.filter(member_id=member.pk).delete()
    backtests = list(Backtest.objects.filter(program=member.program).values_list("pk", flat=True))
    BacktestMember.objects.filter(backtest__in=backtests, member_id=member.pk).delete()
    return {}


def resume(member: Member, burden: Mapping[str, Any], number: int, now: datetime) -> None:
    """Nothing that was said before is taken up again."""


PART = Part(guard, forget, resume)
