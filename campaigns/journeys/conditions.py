"""Conditions on members, as journeys ask them: for all rows of a chunk at once, in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.audiences import fields
from loyaltysite.kit.conditions import Condition, ConditionError
from members.models import Member

__all__ = ["Condition", "ConditionError", "member", "named", "rows"]

PLACE = re.compile("%[%s]")


def member(tree: Mapping[str, Any] | None) -> Condition:
    """Raises ConditionError where the tree asks what nobody knows, or what SQL cannot answer."""
    return fields.parse(tree or {})


def rows(question: Q) -> QuerySet[Member, int]:
    """Ids of the members in scope who meet it."""
    return Member.objects.filter(question).order_by().values_list("pk", flat=True)


def named(
    tree: Mapping[str, Any] | None, *, now: datetime, prefix: str, table: str = ""
) -> tuple[str, dict[str, Any]]:
    """SQL for the ids of those who meet the condition, only of the column member_id of `table` if it is given; and its
    values, named by the prefix, so that it can stand in a statement of ours."""
    found = rows(Q(member(tree).q(now)))
    if table:
        found = found.extra(where=[f"members_member.holder_id IN (SELECT member_id FROM {table})"])  # noqa: S608, S610
    text, values = found.query.sql_with_params()
    places = count()
    sql = PLACE.sub(lambda hit: hit[0] if hit[0] == "%%" else f"%({prefix}_{next(places)})s", text)
    return sql, {f"{prefix}_{number}": value for number, value in enumerate(values)}
