"""Views are kept under a name by whoever looks at them, for oneself or for the team."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from analytics.models import SavedView
from loyaltysite.kit.errors import Conflict, DomainError, NotAllowed, NotFound
from members import audit
from members.models import Program, User

# Pages of figures whose address says what they show: their URL names within `analytics`.
PAGES = {
    "home": _("Home"),
    "kpis": _("Key figures"),
    "cohorts": _("Cohorts"),
    "attribution": _("Attribution"),
}
# Not part of what is shown.
LEFT_OUT = ("page", "format", "csrfmiddlewaretoken")
LONGEST = 1_000
MOST = 100


class ViewUnknown(NotFound):
    message = _("There is no such view.")


class ViewInvalid(DomainError):
    code = "view_invalid"
    message = _("This page cannot be kept as a view.")


class NameTaken(Conflict):
    code = "view_name_taken"
    message = _("You have a view of this name already.")


class ViewsTooMany(DomainError):
    code = "views_too_many"
    message = _("No more than %(most)s views.")


@transaction.atomic
def save(
    *, program: Program, page: str, query: str, name: str, is_shared: bool, by: User, now: datetime
) -> SavedView:
    """Keep a page with what its address says. Raises ViewInvalid, NameTaken, ViewsTooMany."""
    query = cleaned(query)
    if page not in PAGES or len(query) > LONGEST:
        raise ViewInvalid
    with scope(program=program):
        if SavedView.objects.filter(program=program, owner=by).count() >= MOST:
            raise ViewsTooMany(most=MOST)
        try:
            with transaction.atomic():
                row = SavedView.objects.create(
                    program=program,
                    owner=by,
                    name=name,
                    page=page,
                    query=query,
                    is_shared=is_shared,
                    made_at=now,
                )
        except IntegrityError as error:
            raise NameTaken(field="name") from error
        _record(row, "view.save", by, now)
    return row


@transaction.atomic
def delete(*, program: Program, view_id: int, by: User, may_manage: bool, now: datetime) -> None:
    """One's own; a shared one also by who manages. Who was written to about it is no more. Raises ViewUnknown,
    NotAllowed."""
    with scope(program=program):
        row = visible_to(program=program, user=by).select_for_update().filter(pk=view_id).first()
        if row is None:
            raise ViewUnknown
        if row.owner_id != by.pk and not may_manage:
            raise NotAllowed
        _record(row, "view.delete", by, now)
        row.delete()


def visible_to(*, program: Program, user: User) -> QuerySet[SavedView]:
    """One's own views and those of the team, by name."""
    rows = SavedView.objects.filter(program=program).filter(Q(owner=user) | Q(is_shared=True))
    return rows.order_by("name", "pk")


def cleaned(query: str) -> str:
    """What an address says behind the question mark, without what is no part of the view."""
    found = QueryDict(query.lstrip("?"), mutable=True)
    for name in LEFT_OUT:
        found.pop(name, None)
    return found.urlencode()


def _record(row: SavedView, action: str, by: User, now: datetime) -> None:
    audit.record(
        program=row.program, actor=by, action=action, subject="view", subject_id=row.pk,
        after={"page": row.page, "shared": row.is_shared}, now=now,
    )  # fmt: skip
