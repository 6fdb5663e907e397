"""`manage.py reset_second_factor EMAIL`: somebody lost phone, keys and recovery codes. Take away what they cannot use.

Make sure by other means who is asking. Everybody's devices of that account are signed out, and the owner of the
address is told by e-mail.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django_scopes import scopes_disabled

from loyaltysite.kit import clock
from members import audit
from members.models import User


class Command(BaseCommand):
    help = "Remove the second factors of an account whose owner lost them all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {email}.")
        with transaction.atomic(), scopes_disabled():
            count, _rows = Authenticator.objects.filter(user=user).delete()
            for session in UserSession.objects.filter(user=user):
                session.end()
            audit.record(
                program=None,
                actor=None,
                action="user.reset_second_factor",
                subject="user",
                subject_id=user.pk,
                before={"factors": count},
                now=clock.now(),
            )
        if count:
            with translation.override(user.language or None):
                subject, message = (
                    render_to_string(f"account/email/second_factor_reset_{part}.txt").strip()
                    for part in ("subject", "message")
                )
            send_mail(subject, message, None, [user.email])
        self.stdout.write(f"{count} second factors removed; all devices are signed out.")
