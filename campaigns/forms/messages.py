"""Templates, manners and providers as staff fill them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.channels import mail, providers
from campaigns.messages import contents, manners
from campaigns.models import Carrier, Kind, Manners, Provider
from members.models import Topic

ANY = ("", _("Any"))
SPANS = ((1, _("a day")), (7, _("7 days")), (30, _("30 days")))
# Rows of caps on the page: those there are, and room for more.
ROWS = 4


class AboutForm(forms.Form):
    """What a template is about, whatever it says."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=Kind.choices,
        help_text=_("Marketing needs consent. Needed is what the member asked for or is owed."),
    )
    topic = forms.ChoiceField(label=_("Topic"), choices=Topic.choices)
    edition = forms.IntegerField(widget=forms.HiddenInput, required=False)


class SayingForm(AboutForm):
    """The same with the words of one channel in one language."""

    def __init__(self, *args: Any, channel: str, tag: str, said: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel, self.tag = channel, tag
        direction = "rtl" if tag in {"ar", "he", "fa"} else "ltr"
        for field in contents.FIELDS[channel]:
            self.fields[f"say-{field.name}"] = _field(field, said.get(field.name, ""), direction)

    def words(self) -> dict[str, str]:
        return {field.name: self.cleaned_data[f"say-{field.name}"] for field in contents.FIELDS[self.channel]}


def _field(field: contents.Field, said: str, direction: str) -> forms.Field:
    if field.choices:
        return forms.ChoiceField(label=field.label, choices=field.choices, initial=said, required=False)
    rows = {"rows": 12 if field.is_html else 4} if field.is_long else {}
    widget = forms.Textarea if field.is_long else forms.TextInput
    return forms.CharField(
        label=field.label,
        max_length=field.longest,
        required=False,
        initial=said,
        strip=False,
        widget=widget(attrs={"dir": "ltr" if field.is_html else direction, "spellcheck": "true", **rows}),
    )


class MannersForm(forms.ModelForm):
    percent = forms.IntegerField(
        label=_("Control group in percent"),
        min_value=0,
        max_value=15,
        help_text=_(
            "So many members get no marketing at all, so that its effect can be measured. 0: nobody."
        ),
    )

    class Meta:
        model = Manners
        fields = (
            "quiet_from",
            "quiet_until",
            "late_hours",
            "place_hours",
            "sender_name",
            "sender_address",
            "reply_to",
            "postal_address",
            "site",
            "tracks_opens",
            "tracks_clicks",
            "needs_approval",
        )
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {
            "quiet_from": _("By the member's clock. The same time twice: no quiet hours."),
            "late_hours": _("What could not be sent by then is not sent."),
            "place_hours": _("Who stays near a store begins no journey twice in this time."),
            "needs_approval": _("What is published of journeys is in force once another manager has agreed."),
            "site": _("Such as https://loyalty.example.com. Empty: the name that this site answers to."),
        }

    def __init__(self, *args: Any, is_owner: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_owner:
            del self.fields["needs_approval"]

    def clean_site(self) -> str:
        site = str(self.cleaned_data["site"]).strip().rstrip("/")
        if site and not site.startswith(("https://", "http://")):
            raise forms.ValidationError(_("It begins with https://."))
        return site


class CapForm(forms.Form):
    channel = forms.ChoiceField(label=_("Channel"), choices=[ANY, *Carrier.choices], required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=[ANY, *Kind.choices], required=False)
    most = forms.IntegerField(label=_("At most"), min_value=1, max_value=1000, required=False)
    days = forms.TypedChoiceField(label=_("in"), choices=SPANS, coerce=int, required=False)


CapForms = forms.formset_factory(CapForm, extra=0, max_num=manners.MOST_CAPS)


class ProviderForm(forms.Form):
    """One form for every provider of a channel; which fields it needs the domain says."""

    kind = forms.ChoiceField(label=_("Provider"), required=False)
    host = forms.CharField(label=_("Server"), max_length=200, required=False)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, required=False)
    security = forms.ChoiceField(
        label=_("Security"),
        choices=[("tls", "STARTTLS"), ("ssl", "TLS"), ("none", _("None"))],
        required=False,
    )
    username = forms.CharField(label=_("User name"), max_length=200, required=False)
    esp = forms.ChoiceField(label=_("Mail provider"), required=False)
    sender_domain = forms.CharField(label=_("Domain of the sender"), max_length=200, required=False)
    url = forms.CharField(label=_("Address"), max_length=500, required=False)
    account = forms.CharField(label=_("Account"), max_length=100, required=False)
    sender = forms.CharField(label=_("From"), max_length=40, required=False)
    contact = forms.EmailField(label=_("Contact of the sender"), required=False)
    secret = forms.CharField(
        label=_("Secret"),
        max_length=500,
        required=False,
        help_text=_("Password or key. It is sealed and never shown. Empty keeps the one that is there."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "dir": "ltr"}),
    )
    per_second = forms.IntegerField(
        label=_("Messages a second at most"),
        min_value=0,
        max_value=10_000,
        help_text=_("0: as fast as it goes."),
    )

    OF = {
        Carrier.EMAIL: ("host", "port", "security", "username", "esp", "sender_domain"),
        Carrier.SMS: ("url", "account", "sender"),
        Carrier.PUSH: ("contact",),
        Carrier.WEBHOOK: ("url",),
    }

    def __init__(self, *args: Any, channel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = dict(Provider.Kind.choices)
        kinds = [(str(kind), labels[kind]) for kind in providers.CHOICES[channel]]
        self.fields["kind"].choices = [("", _("Nobody: keep them here")), *kinds]  # type: ignore[attr-defined]
        self.fields["esp"].choices = [("", "-"), *((each, each.title()) for each in mail.ESPS)]  # type: ignore[attr-defined]
        kept = {"kind", "secret", "per_second", *self.OF[Carrier(channel)]}
        for name in [*self.fields]:
            if name not in kept:
                del self.fields[name]

    def settings(self) -> dict[str, Any]:
        found = {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}
        found["from"] = found.pop("sender", "")
        if found.get("security") == "none":
            del found["security"]
            found["security"] = "-"
        return found
