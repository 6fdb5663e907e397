"""A webhook: who listens, where, and to what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.webhooks import addresses, topics


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("What listens there, such as the web shop.")
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=addresses.LONGEST,
        help_text=_("It begins with https:// and answers within 15 seconds."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "dir": "ltr", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    topics = forms.MultipleChoiceField(
        label=_("It is told"),
        choices=[(topic.key, topic.label) for topic in topics.TOPICS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: everything."),
    )

    def values(self) -> dict[str, Any]:
        """What endpoints.create() and change() take."""
        found = dict(self.cleaned_data)
        return {"name": found["name"], "url": found["url"], "wanted": found["topics"]}
