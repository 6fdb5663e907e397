"""The sign-in of a person who leaves: the user goes when nothing else on this site needs it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import ProtectedError, Q
from django_scopes import scopes_disabled

from members.models import Identity, User


def forget(*, emails: Collection[str]) -> None:
    """Remove the users of these addresses, their addresses and sessions, unless they are staff or a member elsewhere.

    Call it after the identities of the person who leaves are gone."""
    owners = Q(email__in=emails) | Q(pk__in=EmailAddress.objects.filter(email__in=emails).values("user_id"))
    for user in User.objects.filter(owners):
        if not _is_needed(user):
            _remove(user)


def end_sessions(*, user: User) -> int:
    """End all sessions of a user, in the database and in the cache; how many there were."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = 0
    for key in list(_session_keys(user)):
        store(session_key=key).delete()
        ended += 1
    return ended


def _is_needed(user: User) -> bool:
    """Staff of a team or of this site, or a member of a program through one of the user's addresses."""
    if user.is_staff or user.is_superuser or user.teams.exists():
        return True
    mine = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    with scopes_disabled():
        return Identity.objects.filter(
            kind=Identity.Kind.EMAIL, value__in=mine, verified_at__isnull=False
        ).exists()


def _remove(user: User) -> None:
    end_sessions(user=user)
    of_users = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=of_users, object_id=str(user.pk)).delete()
    EmailAddress.objects.filter(user=user).delete()
    try:
        user.delete()
    except ProtectedError:
        # Former staff stay named by number in the audit, without anything that says who it was.
        user.email, user.name, user.language = f"{user.pk}@erased.invalid", "", ""
        user.is_active = False
        user.set_unusable_password()
        user.save()


def _session_keys(user: User) -> Iterable[str]:
    if apps.is_installed("allauth.usersessions"):
        model: Any = apps.get_app_config("usersessions").get_model("UserSession")
        yield from model.objects.filter(user=user).values_list("session_key", flat=True)
        return
    for session in Session.objects.iterator(chunk_size=1000):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            yield session.session_key
