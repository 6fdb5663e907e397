"""One rule under the pen: its form and its two trees of conditions, judged together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import cache
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import formats
from loyaltysite.kit.conditions.forms import ConditionForm
from members.models import Order, OrderLine, Program
from rewards import wording
from rewards.engine import fields, rules
from rewards.engine.definitions import RuleError
from rewards.models import RuleVersion
from rewards.views.rules import definitions
from rewards.views.rules.forms import RuleForm
from rewards.wording import Vocabulary

TREES = ("conditions", "lines")
GROUPS = {
    "order.": gettext_lazy("Order"),
    "@lines": gettext_lazy("Order"),
    "standing.": gettext_lazy("Tier"),
    "member.": gettext_lazy("Member"),
    "data.": gettext_lazy("Event"),
}
# How many of the latest orders are looked through for what can be suggested, and for how long that is remembered.
RECENT, SECONDS = 300, 600
# What stands to choose is not endless.
MOST = 60


class Editing:
    """A rule as it stands in the editor: from a definition, or as it was posted."""

    def __init__(
        self,
        program: Program,
        *,
        key: str = "",
        name: str = "",
        definition: Mapping[str, Any] | None = None,
        data: QueryDict | None = None,
        url: str = "",
    ) -> None:
        self.program, self.key, self.data, self.url = program, key, data, url
        self.names: Vocabulary = wording.vocabulary_of(program)
        given = self.given = definition or {}
        values = definitions.values_of(given, program.currency) | {"name": name}
        self.form = RuleForm(
            data,
            initial=values,
            currency=program.currency,
            units=[(unit, formats.unit_name(0, found)) for unit, found in self.names.units.items()],
            others=_others(program, key),
        )
        self.trees = {part: self._tree(part, None if data is not None else given.get(part)) for part in TREES}

    def _tree(self, part: str, tree: Any) -> ConditionForm:
        labels = {"conditions": _("Conditions"), "lines": _("Items that count")}
        return ConditionForm(
            fields.OCCASION if part == "conditions" else fields.LINE,
            part,
            tree=tree,
            data=self.data,
            url=self.url,
            currency=self.program.currency,
            zone=self.program.zone,
            suggestions=suggestions_of(self.program),
            groups=GROUPS,
            hides=self._hides,
            label=labels[part],
        )

    def _hides(self, name: str) -> bool:
        """Orders have no attributes of events, and events nothing of an order."""
        if self.form.is_of_orders:
            return name.startswith("data.")
        return name.startswith("order.") or name == "@lines"

    @property
    def conditions(self) -> ConditionForm:
        return self.trees["conditions"]

    @property
    def lines(self) -> ConditionForm:
        return self.trees["lines"]

    @property
    def was_edited(self) -> bool:
        return any(tree.was_edited for tree in self.trees.values())

    @cached_property
    def is_valid(self) -> bool:
        """Whether all parts make sense together; if not, each part knows what is wrong with it."""
        parts = [self.form.is_valid(), self.conditions.is_valid()]
        if self.form.is_of_orders:
            parts.append(self.lines.is_valid())
        if not all(parts):
            return False
        try:
            rules.parse(self.definition, rule_id=0, version_id=0)
        except RuleError as error:
            self.refuse(error)
            return False
        return True

    @cached_property
    def definition(self) -> dict[str, Any]:
        """What the parts say. Ask `is_valid` first."""
        values = self.form.cleaned_data
        return definitions.definition_of(values, conditions=self.conditions.tree, lines=self.lines.tree)

    @property
    def name(self) -> str:
        return str(self.form.cleaned_data["name"])

    def refuse(self, error: RuleError) -> None:
        """Show a refusal where its path points."""
        part, _dot, rest = error.path.partition(".")
        if part in TREES and (rest or error.path == part) and self.form.is_of_orders | (part == "conditions"):
            self.trees[part].refuse(rest, str(error))
            # What the form has to say is asked of all parts.
            self.form.add_error(None, _("One of the conditions cannot work."))
        else:
            self.form.refuse(error.path, str(error))

    def hush(self) -> None:
        """Show what was typed without judging it; the sentence says whether it makes sense."""
        self.sentence  # noqa: B018 - told before everything is forgiven
        self.form.hush()
        for tree in self.trees.values():
            tree.hush()

    @cached_property
    def sentence(self) -> str:
        """The rule in words, "" while it makes no sense yet."""
        if self.data is not None and not self.is_valid:
            return ""
        definition = self.given if self.data is None else self.definition
        try:
            rule = rules.parse(definition, rule_id=0, version_id=0)
        except RuleError:
            return ""
        return wording.say(rule, self.names)


def _others(program: Program, key: str) -> list[tuple[str, str]]:
    """The rules that a multiplier can act on: those that go by lines, in force or to come."""
    versions = RuleVersion.objects.filter(program=program, until__isnull=True, published_at__isnull=False)
    found = {
        version.rule.key: version.rule.name
        for version in versions.select_related("rule").order_by("rule__name")
        if version.definition.get("amount", {}).get("kind") in rules.LINE_AMOUNTS
    }
    found.pop(key, None)
    return list(found.items())


def suggestions_of(program: Program) -> dict[str, Sequence[str]]:
    """Categories, SKUs and channels of the latest orders."""
    key = f"rules.suggestions.{program.pk}"
    found: dict[str, Sequence[str]] | None = cache.get(key)
    if found is None:
        orders = Order.objects.filter(program=program).order_by("-pk")[:RECENT]
        channels = {order.channel for order in orders}
        lines = OrderLine.objects.filter(order_id__in=[order.pk for order in orders])
        rows = list(lines.values_list("category", "sku").distinct()[: MOST * MOST])
        found = {
            "category": _listed({category for category, _sku in rows}),
            "sku": _listed({sku for _category, sku in rows}),
            "order.channel": _listed(channels),
        }
        cache.set(key, found, SECONDS)
    return found


def _listed(words: set[str]) -> list[str]:
    return sorted(words - {""})[:MOST]
