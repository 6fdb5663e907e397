"""What an event itself must say, as staff type it: a name and a value a line, such as `store: quay`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST = 10
BIGGEST = 2**63


class MatchField(forms.CharField):
    """A mapping comes out. Numbers, true, false and texts in quotes are taken as JSON has them, everything else is text."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 2, "dir": "ltr", "spellcheck": "false"})
        super().__init__(
            label=gettext_lazy("Only events that say"),
            required=False,
            max_length=2000,
            widget=widget,
            help_text=gettext_lazy("A name and a value a line, such as store: quay. Empty: any."),
            **options,
        )

    def clean(self, value: Any) -> Any:
        """Raises ValidationError for what is too long, cannot be read, or could not be kept."""
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > MOST:
            raise ValidationError(_("At most %(most)s of these.") % {"most": MOST})
        return dict(_read(line) for line in lines)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


def written(match: Mapping[str, Any] | None) -> str:
    """As the field shows it."""
    return "\n".join(f"{name}: {_shown(value)}" for name, value in (match or {}).items())


def _read(line: str) -> tuple[str, Any]:
    name, colon, text = (part.strip() for part in line.partition(":"))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if not colon or not name or not text or not _is_fit(value):
        raise ValidationError(_("Write a name, a colon and a value."))
    return name, value


def _is_fit(value: Any) -> bool:
    """Whether the database can keep it: quotes may hide signs that are in no text, and JSON knows no bounds."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and -BIGGEST <= value < BIGGEST


def _shown(value: Any) -> str:
    """A text that would be read as something else stands in quotes."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, ensure_ascii=False)
