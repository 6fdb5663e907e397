"""What all pages of the operators share: bounded counts, every program, and what nobody may change by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from loyaltysite.kit import clock
from members import audit
from members.models import Program

admin.site.site_header = _("Wafa for operators")
admin.site.site_title = _("Wafa")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


COUNTED = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than some thousands: nobody leafs beyond, and a count of millions takes seconds."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return min(rows.order_by()[: COUNTED + 1].count(), COUNTED)


class OperatorAdmin(admin.ModelAdmin):
    """The only pages that see every program. Nothing here waits for a count or a list of all rows of a table."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        with scopes_disabled():
            return super().get_queryset(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return _everywhere(super().changelist_view, request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _everywhere(super().changeform_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _everywhere(super().delete_view, request, *args, **kwargs)

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _everywhere(super().history_view, request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._audit(request, obj, "change" if change else "add", list(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._audit(request, obj, "delete", [])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _audit(self, request: HttpRequest, obj: Model, action: str, fields: list[str]) -> None:
        """Which fields were changed, never their values: they may be a person's data."""
        program = obj if isinstance(obj, Program) else getattr(obj, "program", None)
        token = audit.address.set(request.META.get("REMOTE_ADDR") or None)
        try:
            audit.record(
                program=program,
                actor=request.user,  # type: ignore[arg-type]
                action=f"admin.{action}",
                subject=type(obj).__name__.lower(),
                subject_id=obj.pk,
                after={"fields": fields},
                now=clock.now(),
            )
        finally:
            audit.address.reset(token)


class ReadOnlyAdmin(OperatorAdmin):
    """What nobody may change by hand: the ledger, facts, events, the audit and what is derived from them."""

    actions: tuple[str, ...] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _everywhere(view: Callable[..., HttpResponse], *args: Any, **kwargs: Any) -> HttpResponse:
    """The view and its template, outside any program."""
    with scopes_disabled():
        response = view(*args, **kwargs)
        if hasattr(response, "render"):
            response.render()
    return response


def table(rows: Iterable[Model], *columns: str) -> SafeString:
    """Rows that belong to another one; a table of two keys cannot have pages of its own."""
    head = format_html_join("", "<th>{}</th>", ((name.replace("_", " "),) for name in columns))
    lines = [
        format_html(
            "<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((getattr(row, name),) for name in columns))
        )
        for row in rows
    ]
    body = format_html_join("", "{}", ((line,) for line in lines))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)
