"""How the refusal of a domain function becomes an error of the form that asked for it."""

from __future__ import annotations

from django.forms import BaseForm

from loyaltysite.kit.errors import DomainError


def refuse(form: BaseForm, error: DomainError) -> None:
    """Say it at the field that the error names, or above the form where it has none of that name."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
