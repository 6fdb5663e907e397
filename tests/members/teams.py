"""Staff for tests: people of a team, signed in with a browser of their own."""

from __future__ import annotations

import itertools

from django.test import Client
from django_scopes import scope

from members.models import Member, Program, Role, TeamMembership, User
from tests.rewards.builders import join

_people = itertools.count(1)


def hire(program: Program, role: Role = Role.OWNER, **facts: object) -> User:
    """Somebody new in the program's team."""
    user = User.objects.create_user(f"{role}-{next(_people)}@staff.example.com", **facts)
    TeamMembership.objects.create(user=user, program=program, role=role)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def as_staff(program: Program, role: Role = Role.OWNER) -> Client:
    return signed_in(hire(program, role))


def home_of(program: Program) -> str:
    return f"/dashboard/{program.slug}/"


def list_of(program: Program) -> str:
    return f"/dashboard/{program.slug}/members/"


def enrol(program: Program, email: str, *, name: str, **facts: object) -> Member:
    """A member of that name, known by <email>@example.com."""
    member = join(program, email, **facts)
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(name=name)
    member.name = name
    return member
