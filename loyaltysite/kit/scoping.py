"""Managers that refuse to answer outside a program: a query without a scope raises ScopeError (django-scopes)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django_scopes import get_scope
from django_scopes.exceptions import ScopeError


class Manager[M: models.Model](models.Manager[M]):
    """Rows of the active program only; `path` leads from the model to its program."""

    path: ClassVar[str] = "program"

    def get_queryset(self) -> models.QuerySet[M]:
        active = get_scope()
        found = super().get_queryset()
        if not active.get("_enabled", True):
            return found
        if "program" not in active:
            raise ScopeError(f"A query of {self.model.__name__} needs a program: with scope(program=…).")
        return found.filter(**{self.path: active["program"]})


class ByOrder[M: models.Model](Manager[M]):
    path = "order__program"


class ByReturn[M: models.Model](Manager[M]):
    path = "of__program"


class ByEntry[M: models.Model](Manager[M]):
    path = "entry__program"


class BySeal[M: models.Model](Manager[M]):
    path = "seal__program"


class ByAction[M: models.Model](Manager[M]):
    path = "action__program"
