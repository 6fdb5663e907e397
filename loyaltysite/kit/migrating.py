"""Migrations of a project whose models all point to one another through the program, in seconds instead of minutes.

After each operation Django builds every model anew that is related to the changed one, over any number of steps: here that
is all of them, some eight hundred times. The tables need the changed model alone. So only that is built anew, its
relations lead to the models as they were, and everything is built once more where that could matter: before Python code of
a migration runs (Django does it for "delayed" states), and when a key, a relation or a name changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState


@contextmanager
def quick() -> Iterator[None]:
    """While it lasts, states of a project build the changed model alone. Not for threads side by side."""
    names = ("reload_model", "reload_models", "alter_field", "rename_field")
    kept = {name: getattr(ProjectState, name) for name in names}

    def alter_field(self: Any, app_label: str, model_name: str, name: str, field: Any, *rest: Any) -> None:
        old = self.models[app_label, model_name].fields[name]
        if any(each.is_relation or each.primary_key or each.unique for each in (old, field)):
            _forget(self)
        kept["alter_field"](self, app_label, model_name, name, field, *rest)

    def rename_field(self: Any, *names: str) -> None:
        _forget(self)
        kept["rename_field"](self, *names)

    ours = {
        "reload_model": _reload_model,
        "reload_models": _reload_all,
        "alter_field": alter_field,
        "rename_field": rename_field,
    }
    _set(ours)
    try:
        yield
    finally:
        _set(kept)


def _set(methods: dict[str, Any]) -> None:
    for name, method in methods.items():
        setattr(ProjectState, name, method)


def _reload_model(self: Any, app_label: str, model_name: str, delay: bool = False) -> None:
    if "apps" in self.__dict__:
        self.is_delayed = True
        self._reload({(app_label, model_name)})


def _reload_all(self: Any, models: Any, delay: bool = True) -> None:
    _forget(self)


def _forget(self: Any) -> None:
    """All models are built anew when they are next asked for."""
    self.__dict__.pop("apps", None)
