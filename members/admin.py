"""The operators' pages: all programs at once, read-only but for users, teams and stores; every change is audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import F, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from loyaltysite.kit import clock
from members import audit
from members.models import (
    ApiKey,
    AuditEntry,
    Consent,
    ConsentChange,
    Erasure,
    ErasureMark,
    Event,
    Fact,
    Holder,
    Identity,
    Invitation,
    Logo,
    Member,
    Merge,
    Note,
    Order,
    OrderRoute,
    Preference,
    Program,
    Return,
    Store,
    TeamMembership,
    User,
    WaitingFact,
)

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

    actions = None

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


# People who sign in, programs and their teams


@admin.register(User)
class UserAdmin(OperatorAdmin):
    """Passwords are not set here: a new user signs in by a code, or asks for a password by e-mail."""

    fields = (
        "email",
        "name",
        "language",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
        "date_joined",
        "last_login",
    )
    list_display = ("email", "name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email__startswith", "name")
    filter_horizontal = ("groups",)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = ("date_joined", "last_login")
        # Who may only edit users must not make an operator of anybody.
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "is_superuser", "groups")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        obj.email = obj.email.strip().lower()
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)


@admin.register(Program)
class ProgramAdmin(OperatorAdmin):
    list_display = ("name", "slug", "currency", "time_zone", "is_demo", "created_at")
    search_fields = ("name", "slug")
    exclude = ("catalogue",)

    def get_readonly_fields(self, request: HttpRequest, obj: Program | None = None) -> tuple[str, ...]:
        # The ledger and what is printed on cards depend on them.
        return ("created_at", "slug", "currency", "is_demo") if obj else ("created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Program | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # Every process that keeps compiled rules must see the new settings.
        Program.objects.filter(pk=obj.pk).update(catalogue=F("catalogue") + 1)


@admin.register(Logo)
class LogoAdmin(ReadOnlyAdmin):
    list_display = ["program", "content_type", "digest"]
    exclude = ["content"]


@admin.register(TeamMembership)
class TeamMembershipAdmin(OperatorAdmin):
    list_display = ("user", "program", "role", "created_at")
    list_filter = ("program", "role")
    list_select_related = ("user", "program")
    search_fields = ("user__email__startswith",)
    autocomplete_fields = ("user", "program")
    readonly_fields = ("created_at",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "role", "program_id", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("program", "role")
    exclude = ("nonce", "digest")


@admin.register(Store)
class StoreAdmin(OperatorAdmin):
    list_display = ("name", "code", "program", "is_active")
    list_filter = ("program",)
    list_select_related = ("program",)
    search_fields = ("name", "code")
    autocomplete_fields = ("program",)

    def has_delete_permission(self, request: HttpRequest, obj: Store | None = None) -> bool:
        return False  # orders name it


# Members and facts


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("number", "name", "state", "program_id", "joined_at")
    list_filter = ("program", "state")
    search_fields = ("number__exact", "identities__value__exact")
    exclude = ("holder",)
    readonly_fields = ("known_by",)

    @admin.display(description=_("Known by"))
    def known_by(self, member: Member) -> SafeString:
        return table(Identity.objects.filter(member=member), "kind", "value", "verified_at")


@admin.register(Holder)
class HolderAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "program_id", "seq")
    list_filter = ("program", "kind")


@admin.register(Identity)
class IdentityAdmin(ReadOnlyAdmin):
    list_display = ("kind", "value", "member_id", "program_id", "verified_at")
    list_filter = ("program", "kind")
    search_fields = ("value__exact",)


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "author", "written_at", "program_id")
    list_filter = ("program",)
    list_select_related = ("author",)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "source", "state", "total_minor", "currency", "occurred_at", "program_id")
    list_filter = ("program", "state")
    search_fields = ("external_id__exact",)
    readonly_fields = ("bought",)

    @admin.display(description=_("Lines"))
    def bought(self, order: Order) -> SafeString:
        rows = order.lines.order_by("revision", "position")
        return table(
            rows, "revision", "position", "sku", "name", "quantity", "amount_minor", "returned_quantity"
        )


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "source", "amount_minor", "matched_minor", "occurred_at", "program_id")
    list_filter = ("program",)
    readonly_fields = ("brought_back",)

    @admin.display(description=_("Lines"))
    def brought_back(self, back: Return) -> SafeString:
        return table(
            back.lines.order_by("number"), "number", "sku", "quantity", "amount_minor", "order_id", "position"
        )


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "source", "external_id", "revision", "recorded_at", "program_id")
    list_filter = ("program",)
    search_fields = ("external_id__exact",)


@admin.register(WaitingFact)
class WaitingFactAdmin(ReadOnlyAdmin):
    list_display = ("fact_id", "order_id", "program_id")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kind", "holder_id", "order_id", "occurred_at", "program_id")
    list_filter = ("program",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "action", "subject", "subject_id", "program_id", "address")
    list_filter = ("program",)
    list_select_related = ("actor",)


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ("pk", "kept_id", "gone_id", "merged_at", "undone_at", "program_id")
    list_filter = ("program",)


@admin.register(OrderRoute)
class OrderRouteAdmin(ReadOnlyAdmin):
    list_display = ("order_id", "member_id", "program_id")
    list_filter = ("program",)


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    list_display = ("pk", "member_id", "channel", "topic", "is_given", "is_wished", "since", "program_id")
    list_filter = ("program", "channel", "topic", "is_given", "is_wished")


@admin.register(ConsentChange)
class ConsentChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "member_id", "channel", "topic", "is_given", "source", "program_id")
    list_filter = ("program", "channel", "topic")


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "store", "program_id")
    list_filter = ("program",)
    list_select_related = ("store",)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("pk", "at", "program_id")
    list_filter = ("program",)


@admin.register(ErasureMark)
class ErasureMarkAdmin(ReadOnlyAdmin):
    list_display = ("pk", "erasure_id", "program_id")
    list_filter = ("program",)
    exclude = ("digest",)


# The API


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "program_id", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("program",)
    exclude = ("digest",)
