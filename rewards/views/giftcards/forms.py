"""What staff type about gift cards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.models import Member, Program
from rewards.till import amounts

DEEDS = ("show", "block", "unblock", "top_up")


class MoneyField(forms.CharField):
    """Money as a person types it, in minor units."""

    def __init__(self, *, program: Program, **more: Any) -> None:
        super().__init__(max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **more)
        self.program = program

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        found = amounts.parse(text, self.program.currency)
        if not found:
            raise forms.ValidationError(_("Type an amount above zero, such as 25.00."))
        return found


class IssueForm(forms.Form):
    member = forms.CharField(
        label=_("Member number"),
        max_length=20,
        required=False,
        help_text=_("Whose page shows the card. Empty for a card to hand over."),
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: it never ends."),
    )
    reference = forms.CharField(label=_("Why, or a number of yours"), max_length=128, required=False)
    field_order = ("value", "member", "last_day", "reference")

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = program
        self.fields["value"] = MoneyField(program=program, label=_("Value"))
        self.order_fields(self.field_order)

    def clean_member(self) -> Member | None:
        number = "".join(self.cleaned_data["member"].split())
        if not number:
            return None
        found = Member.objects.filter(program=self.program, number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no such member."))
        return found


class DeedForm(forms.Form):
    """`reason` is needed to block, to open again and to put money back."""

    do = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    reason = forms.CharField(label=_("Why"), max_length=300, required=False)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["money"] = MoneyField(program=program, label=_("Put back"), required=False)
