"""Names per language: one field for each plural form that the language has, labelled by a number that takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit import formats

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its fields, for a template."""

    code: str
    title: str
    fields: list[forms.BoundField]

    @property
    def direction(self) -> str:
        return "rtl" if self.code in formats.RIGHT_TO_LEFT else "ltr"

    @property
    def is_filled(self) -> bool:
        """Whether anything stands in its fields, or is wrong with them."""
        return any(field.value() or field.errors for field in self.fields)


@lru_cache(maxsize=32)
def forms_of(language: str) -> dict[str, int]:
    """The plural forms of a language, each with a small whole number that takes it (CLDR)."""
    rule = Locale.parse(language).plural_form
    order = ["zero", "one", "two", "few", "many", OTHER]
    found: dict[str, int] = {}
    # Two says more than zero where both take the same form.
    for number in (2, 1, *range(1001)):
        found.setdefault(rule(number), number)
    return {form: found[form] for form in order if form in found}


def fields_of(languages: list[str], *, prefix: str, max_length: int = 60) -> dict[str, forms.CharField]:
    """A field per language and plural form, named <prefix>_<language>_<form>."""
    made = {}
    for language in languages:
        for form, number in forms_of(language).items():
            made[f"{prefix}_{language}_{form}"] = forms.CharField(
                label=_("With %(number)s") % {"number": formats.format_number(number)},
                max_length=max_length,
                required=False,
            )
    return made


def initial_of(names: Mapping[str, object], languages: list[str], *, prefix: str) -> dict[str, str]:
    """What the fields show of `names` ({language: {form: word}}, or {language: word})."""
    found = {}
    for language in languages:
        words = names.get(language, {})
        for form in forms_of(language):
            word = words if isinstance(words, str) else _word(words, form)
            found[f"{prefix}_{language}_{form}"] = word
    return found


def clean(form: forms.Form, languages: list[str], *, prefix: str, main: str) -> dict[str, dict[str, str]]:
    """The names as they are kept; a language without any word is left out. Adds errors to the form where the main
    language, or the last form of one that has others, is missing."""
    names: dict[str, dict[str, str]] = {}
    for language in languages:
        words = {one: form.cleaned_data.get(f"{prefix}_{language}_{one}", "") for one in forms_of(language)}
        words = {one: word for one, word in words.items() if word}
        if OTHER not in words and (words or language == main):
            form.add_error(
                f"{prefix}_{language}_{OTHER}", _("Type the name as it stands beside most numbers.")
            )
        elif words:
            names[language] = words
    return names


def languages_of(form: forms.Form, languages: list[str], *, prefix: str) -> Iterator[Language]:
    """The fields of a form, language by language."""
    known = dict(settings.LANGUAGES)
    for language in languages:
        fields = [form[f"{prefix}_{language}_{one}"] for one in forms_of(language)]
        yield Language(language, str(known.get(language, language)), fields)


def _word(words: object, form: str) -> str:
    if not isinstance(words, Mapping):
        return ""
    return str(words.get(form) or "")
