"""The stores of a program: added, named anew, closed and opened again; never removed, since orders name them."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict, DomainError, NotFound
from members import audit, programs
from members.models import Program, Store, User

# What orders, files and addresses can name without quotes.
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class StoreCodeInvalid(DomainError):
    code = "store_code_invalid"
    message = _("Letters, digits, dots and dashes, without spaces.")


class StoreNameMissing(DomainError):
    code = "store_name_missing"
    message = _("Give the store a name.")


class StoreCodeTaken(Conflict):
    code = "store_code_taken"
    message = _("There is a store with this code. Choose another code.")


def add(*, program: Program, code: str, name: str, by: User | None, now: datetime) -> Store:
    """A new store; `code` is how orders name it. Raises StoreCodeInvalid, StoreNameMissing, StoreCodeTaken."""
    if not PLAIN.fullmatch(code):
        raise StoreCodeInvalid(field="code")
    name = _named(name)
    with scope(program=program), transaction.atomic():
        try:
            with transaction.atomic():
                store = Store.objects.create(program=program, code=code, name=name)
        except IntegrityError as error:
            raise StoreCodeTaken(field="code") from error
        programs.touch(program)
        audit.record(
            program=program, actor=by, action="store.add", subject="store", subject_id=code,
            after={"name": name}, now=now,
        )  # fmt: skip
    return store


def change(
    *, program: Program, code: str, name: str, is_active: bool, by: User | None, now: datetime
) -> Store:
    """Another name, closed or open. A closed store is offered no more; late orders from it are still taken.

    A repeat changes nothing. Raises NotFound, StoreNameMissing.
    """
    name = _named(name)
    with scope(program=program), transaction.atomic():
        store = Store.objects.select_for_update().filter(program=program, code=code).first()
        if store is None:
            raise NotFound
        before = {"name": store.name, "is_active": store.is_active}
        after = {"name": name, "is_active": is_active}
        if before == after:
            return store
        store.name, store.is_active = name, is_active
        store.save(update_fields=["name", "is_active"])
        programs.touch(program)
        audit.record(
            program=program, actor=by, action="store.change", subject="store", subject_id=code,
            before=audit.changed(before, after), after=audit.changed(after, before), now=now,
        )  # fmt: skip
    return store


def _named(name: str) -> str:
    if not name.strip():
        raise StoreNameMissing(field="name")
    return name.strip()[:200]
