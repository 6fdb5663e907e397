"""What a reward asks and gives, in words for staff."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyaltysite.kit import conditions, formats
from loyaltysite.kit.templatetags.formats import money, number
from members.models import Program, Store
from rewards import candidates
from rewards.models import Reward
from rewards.views.portal.words import dated, say
from rewards.views.tickets import price_of

Pair = tuple[str, SafeString | str]


def pairs(reward: Reward, program: Program, *, taken: int) -> list[Pair]:
    """Everything that is set, with its name."""
    found: list[Pair] = [(_("What it is"), str(reward.get_kind_display()))]
    if reward.value_minor:
        found.append((_("Worth"), money(reward.value_minor, program.currency)))
    if reward.percent is not None:
        found.append((_("Percent"), formats.format_percent(reward.percent / 100)))
    if reward.sku:
        found.append((_("SKU"), say("%(sku)s", sku=reward.sku)))
    if reward.gives:
        known = {unit.key: unit for unit in program.units.all()}
        found.append((_("It gives"), price_of(reward.gives, 0, program=program, known=known)))
    if reward.cost_minor is not None:
        found.append((_("What it costs you"), money(reward.cost_minor, program.currency)))
    return [*found, *_limits(reward, program, taken), *_times(reward)]


def _limits(reward: Reward, program: Program, taken: int) -> list[Pair]:
    found: list[Pair] = []
    if reward.stock is None:
        found.append((_("Taken"), number(taken)))
    else:
        text = say(_("%(taken)s of %(stock)s"), taken=number(taken), stock=number(reward.stock))
        found.append((_("Taken"), text))
    if reward.per_member is not None:
        period = str(reward.get_per_period_display())
        text = say(_("%(count)s (%(period)s)"), count=number(reward.per_member), period=period)
        found.append((_("At most for one member"), text))
    if reward.eligibility:
        tree = candidates.parse(reward.eligibility)
        found.append((_("For whom"), conditions.describe(tree, currency=program.currency)))
    if reward.stores:
        names = Store.objects.filter(program=program, code__in=reward.stores).order_by("name")
        found.append((_("Only in these stores"), ", ".join(names.values_list("name", flat=True))))
    return found


def _times(reward: Reward) -> list[Pair]:
    found: list[Pair] = []
    if reward.starts_at:
        found.append((_("From the day"), dated(timezone.localtime(reward.starts_at).date(), "long")))
    if reward.ends_at:
        last = timezone.localtime(reward.ends_at - timedelta(microseconds=1)).date()
        found.append((_("To the end of the day"), dated(last, "long")))
    found.append((_("How members get it"), str(reward.get_handover_display())))
    if reward.handover == Reward.Handover.TILL:
        text = ngettext("%(count)s minute", "%(count)s minutes", reward.hold_minutes)
        found.append((_("Minutes to show it"), say(text, count=number(reward.hold_minutes))))
    elif reward.valid_days is not None:
        text = ngettext("%(count)s day", "%(count)s days", reward.valid_days)
        found.append((_("Days to use it"), say(text, count=number(reward.valid_days))))
    return found
