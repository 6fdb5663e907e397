"""Members, by whom and what they are known, and what they agreed to."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members.admin.frame import ReadOnlyAdmin, table
from members.models import (
    Address,
    Consent,
    ConsentChange,
    Erasure,
    ErasureMark,
    Holder,
    Identity,
    Member,
    MemberScore,
    Merge,
    Note,
    OrderRoute,
    Preference,
)


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


@admin.register(Address)
class AddressAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "city", "country", "program_id")
    list_filter = ("program",)


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "store", "program_id")
    list_filter = ("program",)
    list_select_related = ("store",)


@admin.register(MemberScore)
class MemberScoreAdmin(ReadOnlyAdmin):
    list_display = ("member_id", "value_minor", "churn", "churn_band", "action", "scored_at", "program_id")
    list_filter = ("program", "churn_band", "action", "is_held_out")


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("pk", "at", "program_id")
    list_filter = ("program",)


@admin.register(ErasureMark)
class ErasureMarkAdmin(ReadOnlyAdmin):
    list_display = ("pk", "erasure_id", "program_id")
    list_filter = ("program",)
    exclude = ("digest",)
