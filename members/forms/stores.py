"""A store: its code, which orders name, and what people call it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class StoreForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As customers and staff know it."))
    code = forms.CharField(
        label=_("Code"),
        max_length=64,
        help_text=_("How tills, imports and the API name this store. It stays for ever."),
    )


class StoreChangeForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    is_active = forms.BooleanField(
        label=_("Open: offered at the till and in filters"),
        required=False,
        help_text=_("A closed store keeps its orders, and late ones from it are still taken."),
    )
