"""A person's own name and language; e-mail, password, second factor and devices are pages of allauth in our look."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from members import access
from members.models import User


class AccountForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"))

    class Meta:
        model = User
        fields = ("name", "language")
        labels: ClassVar = {"name": _("Name")}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["language"]
        field.choices = [  # type: ignore[attr-defined]
            (code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES
        ]
        self.initial["language"] = self.instance.language or translation.get_language()


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """What colleagues see of the person, and in which language the site speaks to them."""
    access.speak(request)
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with translation.override(user.language):
            messages.success(request, translation.gettext("Saved."))
        response = redirect("members:account")
        # The choice made in this browser would otherwise go before that of the account.
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response
    return render(request, "members/account.html", {"form": form}, status=422 if form.errors else 200)
