"""The tiers, plans, stores and coupons of the program in scope, for conditions to offer and to name in sentences."""

from __future__ import annotations

from django.db import connection
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django_scopes import get_scope

from loyaltysite.kit.conditions.registry import Choices
from members.models import Program
from rewards import rulebook
from rewards.models import Coupon
from rewards.rulebook import Rulebook


def _book() -> Rulebook | None:
    program = get_scope().get("program")
    if program is None or isinstance(program, list | tuple):
        return None
    return rulebook.of(
        program.pk, database=str(connection.settings_dict["NAME"]), catalogue=program.catalogue
    )


def tiers() -> Choices:
    """Key and name of every tier, lowest first."""
    book = _book()
    if book is None or book.scheme is None:
        return ()
    language = get_language() or "en"
    return [
        (level.key, level.names.get(language) or next(iter(level.names.values()), level.key))
        for level in book.scheme.levels
    ]


def plans() -> Choices:
    """Key and name of every plan that was ever up."""
    book = _book()
    return [] if book is None else [(plan.key, plan.name) for plan in book.plans.values()]


def plan_name(program: Program, key: str) -> str:
    """A plan's name in the active language."""
    database = str(connection.settings_dict["NAME"])
    plans = rulebook.of(program.pk, database=database, catalogue=program.catalogue).plans
    return next((plan.name for plan in plans.values() if plan.key == key), key)


def stores() -> Choices:
    """Code and name of every store."""
    book = _book()
    return [] if book is None else sorted(book.store_names.items(), key=lambda pair: pair[1])


def coupons() -> Choices:
    """Key and name of every coupon that has not ended."""
    program = get_scope().get("program")
    if program is None or isinstance(program, list | tuple):
        return ()
    language = get_language() or "en"
    rows = Coupon.objects.filter(program=program).exclude(state=Coupon.State.ENDED).order_by("key")
    return [
        (key, names.get(language) or next(iter(names.values()), key))
        for key, names in rows.values_list("key", "names")
    ]


def weekdays() -> Choices:
    """1 is Monday."""
    return [(str(day + 1), name) for day, name in WEEKDAYS.items()]
