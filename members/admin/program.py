"""Users, programs with their teams, stores and keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.forms import ModelForm
from django.http import HttpRequest

from members.admin.frame import OperatorAdmin, ReadOnlyAdmin
from members.models import (
    ApiKey,
    Invitation,
    Logo,
    Program,
    Store,
    TeamMembership,
    User,
    Webhook,
    WebhookMessage,
)


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


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "topics", "failing_since", "program_id")
    list_filter = ("state", "program")
    exclude = ("secret_sealed", "former_sealed")


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    list_display = ("number", "kind", "state", "tries", "status", "trouble", "due_at", "program_id")
    list_filter = ("state", "program")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "program_id", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("program",)
    exclude = ("digest",)
