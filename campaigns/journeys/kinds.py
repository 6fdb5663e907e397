"""The kinds of triggers and steps, what each needs, and the events that a journey can listen to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

TRIGGERS = {
    "event": _("When something happens"),
    "segment_entered": _("When a member enters a segment"),
    "segment_left": _("When a member leaves a segment"),
    "date": _("On a day of the member"),
    "schedule": _("At fixed times"),
    "inactivity": _("When a member is silent for long"),
    "api": _("When another system asks for it"),
    "place": _("When a member is near a store"),
}
DATES = {
    "birthday": _("Birthday"),
    "anniversary": _("Anniversary of joining"),
    "lot_expiry": _("Points about to expire"),
    "tier_expiry": _("Tier about to end"),
    "plan_expiry": _("Plan about to end"),
}
EVERY = {
    "once": _("Once"),
    "day": _("Every day"),
    "week": _("Every week"),
    "month": _("Every month"),
}
MODES = {
    "once": _("Once only"),
    "each": _("Every time"),
    "period": _("Once in a period"),
    "cooldown": _("Again after some days"),
}
PERIODS = {"day": _("Day"), "week": _("Week"), "month": _("Month"), "year": _("Year")}
STEPS = {
    "wait": _("Wait"),
    "wait_local": _("Wait until an hour"),
    "wait_event": _("Wait for an event"),
    "branch": _("Branch"),
    "split": _("Split by lot"),
    "experiment": _("Test"),
    "message": _("Message"),
    "points": _("Give points"),
    "reward": _("Give a reward"),
    "tag": _("Tag"),
    "segment": _("Segment"),
    "tier": _("Tier"),
    "webhook": _("Webhook"),
    "task": _("Task for staff"),
    "exit": _("End"),
}
# What a test asks of those it was tried on, within its window.
MEASURES = ("conversion", "revenue", "margin")
CHANNELS = ("email", "sms", "push", "inapp", "till", "print", "webhook")
CAPPED = ("skip", "defer", "exit")
# What journeys and messages are called in drafts, and how the log calls it.
ALIASES = {"order.placed": "order", "order.returned": "return"}
# The events that an editor offers. Any other kind that the log knows may be named too, such as "event.review".
EVENTS = {
    "order": _("Order placed"),
    "order.paid": _("Order paid"),
    "order.cancelled": _("Order cancelled"),
    "return": _("Return"),
    "member.joined": _("Joined"),
    "points.spend": _("Points spent"),
    "points.expiring": _("Points about to expire"),
    "tier.changed": _("Tier changed"),
    "reward.reserved": _("Reward reserved"),
    "reward.issued": _("Reward issued"),
    "reward.fulfilled": _("Reward used"),
    "event.soon": _("Event begins soon"),
    "event.moved": _("Event has another day or place"),
    "badge.won": _("Badge won"),
    "challenge.completed": _("Challenge completed"),
    "plan.left": _("Plan left"),
    "referral.paid": _("Friend brought"),
    "place.near": _("Near a store"),
}
