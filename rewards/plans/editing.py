"""Plans are drafted, changed, put up and ended here. What a term was sold with stays with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import conditions
from loyaltysite.kit.errors import Conflict, DomainError
from members.keeping import Keeper
from members.models import Program, User
from rewards import candidates, rulebook
from rewards.benefits import kinds
from rewards.models import Plan, Reward, Unit
from rewards.models.plans import LONGEST_TERM

CHANGEABLE = (
    "names",
    "summaries",
    "terms",
    "price_minor",
    "months",
    "benefits",
    "refund_days",
    "renewal_days",
    "notice_days",
    "eligibility",
)
MOST_MINOR, MOST_DAYS = 10**13, 365


class PlanKeyTaken(Conflict):
    code = "plan_key_taken"
    message = _("There is a plan with this key. Choose another key.")


class PlanRefused(DomainError):
    code = "plan_refused"
    message = _("This plan cannot be.")


class PlanChanged(Conflict):
    code = "plan_changed"
    message = _("Somebody else has changed this plan. Look at it anew.")


class PlanOver(Conflict):
    code = "plan_over"
    message = _("This plan has ended. Make a new one.")


class PlanKeeper(Keeper[Plan]):
    model = Plan
    noun = "plan"
    settings = CHANGEABLE
    key_taken, changed, over = PlanKeyTaken, PlanChanged, PlanOver

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(values)
        if "benefits" in found:
            found["benefits"] = kinds.read(found["benefits"])
        return found

    def check(self, plan: Plan) -> None:
        """What a row cannot say by itself. Raises PlanRefused, BenefitRefused with the field."""
        main = plan.program.languages[0]
        if not plan.names.get(main, "").strip():
            raise PlanRefused(_("Give it a name in the first language."), field=f"name_{main}")
        if not _is_whole(plan.price_minor, 0, MOST_MINOR):
            raise PlanRefused(_("This number is too large or negative."), field="price_minor")
        if plan.months is not None and not _is_whole(plan.months, 1, LONGEST_TERM):
            raise PlanRefused(_("Between 1 and 120 months."), field="months")
        for name in ("refund_days", "renewal_days", "notice_days"):
            if not _is_whole(getattr(plan, name), 0, MOST_DAYS):
                raise PlanRefused(_("Between 0 and 365 days."), field=name)
        if plan.eligibility is not None:
            try:
                candidates.parse(plan.eligibility)
            except conditions.ConditionError as error:
                raise PlanRefused(str(error), field="eligibility") from error
        units = dict(Unit.objects.filter(program=plan.program).values_list("key", "precision"))
        rewards = Reward.objects.filter(program=plan.program).values_list("key", flat=True)
        kinds.check(plan.benefits, units=units, rewards=rewards, main=main)

    def write(self, plan: Plan, columns: Collection[str]) -> None:
        super().write(plan, columns)
        rulebook.touch(plan.program)


KEEPER = PlanKeeper()


def create(*, program: Program, key: str, by: User | None, now: datetime, **values: Any) -> Plan:
    """A new draft; `values` are of CHANGEABLE, money in minor units. Raises PlanKeyTaken, PlanRefused, BenefitRefused."""
    return KEEPER.create(program=program, key=key, by=by, now=now, **values)


def change(
    *, program: Program, key: str, by: User | None, now: datetime, revision: int | None = None, **values: Any
) -> Plan:
    """Give the plan these values for terms to come; those not named stay. `revision` is the one that was looked at.

    Raises NotFound, PlanChanged, PlanOver, PlanRefused and BenefitRefused with the field."""
    return KEEPER.change(program=program, key=key, by=by, now=now, revision=revision, **values)


def publish(*, program: Program, key: str, by: User | None, now: datetime) -> Plan:
    """Put a draft up. Raises NotFound, PlanOver, PlanRefused."""
    return KEEPER.publish(program=program, key=key, by=by, now=now)


def end(*, program: Program, key: str, by: User | None, now: datetime) -> Plan:
    """Take it down for good: nobody can buy or renew it, what was bought runs on. Raises NotFound."""
    return KEEPER.end(program=program, key=key, by=by, now=now)


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
