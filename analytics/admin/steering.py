"""Goals, alerts, reviews, attribution, and what staff keep and want to be told."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import (
    Alert,
    AttributionPolicy,
    CreditDay,
    CreditProductDay,
    Goal,
    Review,
    ReviewItem,
    Round,
    SavedView,
    Subscription,
)
from members.admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("kind", "subject", "state", "raised_on", "program_id")
    list_filter = ("program", "kind", "state")


@admin.register(Goal)
class GoalAdmin(ReadOnlyAdmin):
    list_display = ("name", "kpi", "state", "due_on", "program_id")
    list_filter = ("program", "state")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("month", "made_at", "asked_at", "has_failed", "program_id")
    list_filter = ("program",)


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    list_display = ("review_id", "kind", "key", "verdict", "decision", "program_id")
    list_filter = ("program", "kind", "verdict")


@admin.register(AttributionPolicy)
class AttributionPolicyAdmin(ReadOnlyAdmin):
    list_display = ("program_id", "stale_from", "counted_at")


@admin.register(CreditDay)
class CreditDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "channel", "touch", "orders", "program_id")
    list_filter = ("program", "channel")


@admin.register(CreditProductDay)
class CreditProductDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "channel", "sku", "quantity", "program_id")
    list_filter = ("program", "channel")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "page", "owner_id", "is_shared", "program_id")
    list_filter = ("program",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("user_id", "what", "view_id", "sent_on", "program_id")
    list_filter = ("program", "what")


@admin.register(Round)
class RoundAdmin(ReadOnlyAdmin):
    list_display = ("name", "day", "at", "program_id")
    list_filter = ("program", "name")
