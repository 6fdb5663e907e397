"""One card under the pen: its form and its trees of conditions, judged together, and the graph that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.forms.journeys import FORMS, OTHER, StepForm
from campaigns.forms.starts import RulesForm, TriggerForm
from campaigns.views.journeys import flow
from campaigns.views.journeys.names import Names, registry
from loyaltysite.kit.conditions.forms import ConditionForm

# The two cards that are no steps.
TRIGGER, RULES = "trigger", "rules"
GROUPS = {
    "member.": gettext_lazy("Member"),
    "consent.": gettext_lazy("Consent"),
    "orders.": gettext_lazy("Orders"),
    "score.": gettext_lazy("Value"),
    "standing.": gettext_lazy("Tier"),
    "points.": gettext_lazy("Points"),
}


class Pen:
    """`part` is the key of a step, or one of the two cards that are none. Raises flow.NoPlace for an unknown step."""

    def __init__(
        self, graph: flow.Graph, part: str, names: Names, *, url: str, data: QueryDict | None = None
    ) -> None:
        self.graph, self.part, self.names, self.url, self.data = graph, part, names, url, data
        self.step: Mapping[str, Any] = graph if part in (TRIGGER, RULES) else flow.find(graph, part).step
        self.kind = part if part in (TRIGGER, RULES) else str(self.step.get("kind"))
        self.form: StepForm = self._class()(data, step=self.step, names=names)
        self.trees = {name: self._tree(name, tree, label) for name, tree, label in self._asked()}

    def _class(self) -> type[StepForm]:
        return {TRIGGER: TriggerForm, RULES: RulesForm}.get(self.kind) or FORMS[self.kind]

    def _asked(self) -> list[tuple[str, Any, str]]:
        """The trees of this card: name, stored JSON, heading."""
        if self.kind == TRIGGER:
            where = (self.graph.get("trigger") or {}).get("where")
            return [("where", where, str(TriggerForm.tree_label))]
        if isinstance(self.form, RulesForm):
            return self.form.asked()
        if self.kind == "branch":
            paths = self.step.get("paths") or []
            return [
                (f"where_{number}", path.get("where"), _("Who takes this path"))
                for number, path in enumerate(paths)
            ]
        return [("where", self.step.get("where"), str(self.form.tree_label))] if self.form.tree else []

    def _tree(self, name: str, tree: Any, label: str) -> ConditionForm:
        program = self.names.program
        return ConditionForm(
            registry(),
            name,
            tree=None if self.data is not None else tree,
            data=self.data,
            url=self.url,
            currency=program.currency,
            zone=program.zone,
            groups=GROUPS,
            bulk=True,
            label=label,
        )

    # --- for the template

    @property
    def rows(self) -> list[tuple[int, list[Any], ConditionForm | None]]:
        """The paths of a branch or split: number, fields, and the tree of one that has one."""
        paths = self.step.get("paths") or []
        return [
            (
                number,
                [self.form[name] for name in self.form.fields if name.rpartition("_")[2] == str(number)],
                self.trees.get(f"where_{number}"),
            )
            for number, _path in enumerate(paths)
        ]

    @property
    def ways_out(self) -> list[dict[str, Any]]:
        """Of the card of the whole journey: what ends it early."""
        return self.form.ways_out(self.trees) if isinstance(self.form, RulesForm) else []

    @property
    def own(self) -> list[Any]:
        """The fields of a step with paths that belong to none of them."""
        of_paths = {bound.name for _number, bounds, _tree in self.rows for bound in bounds}
        return [self.form[name] for name in self.form.fields if name not in of_paths]

    @property
    def shown(self) -> list[Any]:
        """The fields of a step without paths; what only one choice needs stays away with it."""
        has_own = "own" not in self.form.fields or self.form["event"].value() == OTHER
        return [self.form[name] for name in self.form.fields if name != "own" or has_own]

    @property
    def tree(self) -> ConditionForm | None:
        return self.trees.get("where")

    @property
    def was_edited(self) -> bool:
        return any(tree.was_edited for tree in self.trees.values())

    def hush(self) -> None:
        self.form.hush()
        for tree in self.trees.values():
            tree.hush()

    # --- what was typed

    @cached_property
    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(tree.is_valid() for tree in self.trees.values())])

    def written(self) -> flow.Graph:
        """The graph with what was typed. Ask `is_valid` first."""
        settings = self.form.settings()
        if self.kind == RULES:
            return deepcopy(self.graph) | settings | {"exit": self.form.exits_with(self.trees)}  # type: ignore[attr-defined]
        if self.kind == TRIGGER:
            trigger = settings["trigger"] | {"where": self.trees["where"].tree}
            return deepcopy(self.graph) | {"trigger": trigger, "entry": settings["entry"]}
        step: flow.Step = {"kind": self.kind} | settings
        if self.kind in ("branch", "split", "experiment"):
            step["paths"] = [
                self.form.path(number) | self._path_tree(number) | {"steps": path["steps"]}  # type: ignore[attr-defined]
                for number, path in enumerate(self.step["paths"])
            ]
        elif self.form.tree:
            step["where"] = self.trees["where"].tree
        inside = {name: self.step[name] for name in ("then", "else") if name in self.step}
        return flow.replace(self.graph, self.part, step | inside)

    def _path_tree(self, number: int) -> flow.Step:
        tree = self.trees.get(f"where_{number}")
        return {"where": tree.tree} if tree else {}

    def half(self) -> flow.Graph:
        """The graph with what could be read so far, for a path that is added or taken away while others are typed."""
        self.form.is_valid()
        new = deepcopy(self.graph)
        flow.find(new, self.part).step.update(
            {
                name: self.form.cleaned_data[name]
                for name in self.form.base_fields
                if name in self.form.cleaned_data
            }
        )
        for number, path in enumerate(flow.find(new, self.part).step.get("paths") or []):
            tree = self.trees.get(f"where_{number}")
            if tree is not None and tree.is_valid():
                path["where"] = tree.tree
            for name in ("name", "share"):
                value = self.form.cleaned_data.get(f"{name}_{number}")
                if value is not None:
                    path[name] = value
        return new
