"""The demo's log-ins: four roles and one customer, with random passwords in a file that only its owner may read."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import DomainError
from members import identities
from members.models import Identity, Member, Program, Role, TeamMembership, User

DOMAIN = "example.com"
CUSTOMER = "customer"
NAMES = {
    Role.OWNER: "Robin Harding",
    Role.MANAGER: "Layla Haddad",
    Role.ANALYST: "Noa Shapira",
    Role.CASHIER: "Kaveh Parsa",
}


class NotTheDemo(DomainError):
    code = "not_the_demo"
    message = _("Only the demo program has such log-ins.")


class EmailTaken(DomainError):
    """Somebody who is not of the demo has one of its addresses; the demo must not change that person's password."""

    code = "demo_email_taken"
    message = _("%(email)s is used outside the demo; it is left alone.")


def refuse_strangers(*, program: Program) -> None:
    """Raise EmailTaken unless whoever has one of the demo's addresses is of the demo."""
    emails = [f"{role}@{DOMAIN}" for role in (*NAMES, CUSTOMER)]
    with scope(program=program):
        customer = Identity.objects.filter(program=program, value=f"{CUSTOMER}@{DOMAIN}").exists()
    for user in User.objects.filter(email__in=emails):
        is_ours = TeamMembership.objects.filter(user=user, program=program).exists()
        is_ours = is_ours or (customer and user.email == f"{CUSTOMER}@{DOMAIN}")
        others = TeamMembership.objects.filter(user=user).exclude(program=program).exists()
        if others or not is_ours or user.is_staff:
            raise EmailTaken(email=user.email)


def create(*, program: Program, customer: Member | None, path: Path, now: datetime) -> None:
    """Make the log-ins and write them to `path`. Those that are there, with the file, stay as they are."""
    if not program.is_demo:
        raise NotTheDemo
    refuse_strangers(program=program)
    known = _read(path)
    logins = []
    with transaction.atomic():
        for role, name in NAMES.items():
            email = f"{role}@{DOMAIN}"
            user = _user(email, name)
            TeamMembership.objects.get_or_create(program=program, user=user, defaults={"role": role})
            surface = "till" if role == Role.CASHIER else "dashboard"
            logins.append(_login(user, str(role), f"/{surface}/{program.slug}/", known))
        if customer is not None:
            logins.append(_customer(program, customer, known, now))
        _write(path, logins)


def _customer(program: Program, member: Member, known: dict[str, str], now: datetime) -> dict[str, str]:
    user = _user(f"{CUSTOMER}@{DOMAIN}", member.name)
    with scope(program=program):
        identities.add(member=member, kind=Identity.Kind.EMAIL, value=user.email, verified_at=now)
    return _login(user, CUSTOMER, f"/p/{program.slug}/", known)


def _user(email: str, name: str) -> User:
    user, _created = User.objects.get_or_create(email=email, defaults={"name": name, "password": "!"})
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def _login(user: User, role: str, url: str, known: dict[str, str]) -> dict[str, str]:
    password = known.get(user.email, "")
    if not password or not user.check_password(password):
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
    return {"role": role, "email": user.email, "password": password, "url": url}


def _read(path: Path) -> dict[str, str]:
    """E-mail and password of an earlier run."""
    try:
        return {login["email"]: login["password"] for login in json.loads(path.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(path: Path, logins: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(logins, indent=2) + "\n")
    fresh.replace(path)
