"""What a cashier should give a paying member: the plan and what it takes off, as one line."""

from __future__ import annotations

import html
from datetime import datetime

from django.db import connection
from django.utils.html import strip_tags

from members.models import Member, Program
from rewards import queries, rulebook
from rewards.benefits import kinds
from rewards.plans import holdings, reading
from rewards.views.benefit_words import Teller

# What is given at the counter; points come by themselves.
AT_COUNTER = (kinds.PERCENT, kinds.SHIPPING)


def tell(*, program: Program, member: Member, now: datetime) -> str:
    """Premium: 10% off · Free shipping. Empty for who holds no plan; a program without plans asks nothing."""
    plans = rulebook.of(
        program.pk, database=str(connection.settings_dict["NAME"]), catalogue=program.catalogue
    ).plans
    if not plans:
        return ""
    rows = reading.terms_of(program, member).order_by("starts_at")
    held = holdings.plans_at([reading.row_of(term) for term in rows], plans, now)
    if not held:
        return ""
    teller = Teller(program, {unit.key: unit for unit in queries.units_of(program)})
    told = []
    for term in held.values():
        given = [each for each in term.benefits if kinds.kind_of(each) in AT_COUNTER]
        texts = " · ".join(html.unescape(strip_tags(str(teller.tell(each)))) for each in given)
        name = plans[term.plan_id].name
        told.append(f"{name}: {texts}" if texts else name)
    return "; ".join(told)
