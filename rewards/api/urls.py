"""Addresses of the API about orders, points, tiers and rules."""

from django.urls import path, re_path

from rewards.api import (
    catalogue,
    departures,
    endings,
    events,
    facts,
    merges,
    orders,
    points,
    redemptions,
    rules,
    spending,
    transfers,
)

MEMBER = r"^members/(?P<member_id>[0-9]{1,18})/"
ORDER = r"^orders/(?P<order_id>[0-9]{1,18})"
REDEMPTION = r"^redemptions/(?P<redemption_id>[0-9]{1,18})"
RULE = r"^rules/(?P<rule>[-a-zA-Z0-9_]{1,60})"

urlpatterns = [
    path("orders", orders.Orders.as_view(), name="orders"),
    path("orders/batch", facts.Batch.as_view(), name="orders-batch"),
    path("orders/preview", orders.Preview.as_view(), name="orders-preview"),
    re_path(ORDER + "$", orders.One.as_view(), name="order"),
    re_path(ORDER + "/explanation$", orders.Explanation.as_view(), name="explanation"),
    path("payments", facts.Payments.as_view(), name="payments"),
    path("cancellations", facts.Cancellations.as_view(), name="cancellations"),
    path("returns", facts.Returns.as_view(), name="returns"),
    path("events", events.Events.as_view(), name="events"),
    re_path(MEMBER + "close$", departures.Close.as_view(), name="member-close"),
    re_path(MEMBER + "merge$", merges.Merge.as_view(), name="member-merge"),
    re_path(MEMBER + "merges$", merges.Merges.as_view(), name="merges"),
    re_path(r"^merges/(?P<merge_id>[0-9]{1,18})/undo$", merges.Undo.as_view(), name="merge-undo"),
    re_path(MEMBER + "wallets$", points.Wallets.as_view(), name="wallets"),
    re_path(MEMBER + "adjustments$", points.Adjustments.as_view(), name="adjustments"),
    re_path(MEMBER + "spends$", spending.Spends.as_view(), name="spends"),
    re_path(MEMBER + "transfers$", transfers.Transfers.as_view(), name="transfers"),
    re_path(MEMBER + "reinstatements$", endings.Reinstatements.as_view(), name="reinstatements"),
    re_path(MEMBER + "standing$", catalogue.Standing.as_view(), name="standing"),
    re_path(r"^wallets/(?P<wallet_id>[0-9]{1,18})/entries$", points.Entries.as_view(), name="entries"),
    path("program", catalogue.Program.as_view(), name="program"),
    path("tiers", catalogue.Tiers.as_view(), name="tiers"),
    path("rewards", redemptions.Rewards.as_view(), name="rewards"),
    re_path(MEMBER + "rewards$", redemptions.Offers.as_view(), name="offers"),
    re_path(MEMBER + "redemptions$", redemptions.Redemptions.as_view(), name="redemptions"),
    re_path(REDEMPTION + "$", redemptions.One.as_view(), name="redemption"),
    re_path(REDEMPTION + "/confirm$", redemptions.Confirm.as_view(), name="redemption-confirm"),
    re_path(REDEMPTION + "/release$", redemptions.Release.as_view(), name="redemption-release"),
    re_path(REDEMPTION + "/cancel$", redemptions.Cancel.as_view(), name="redemption-cancel"),
    re_path(REDEMPTION + "/fail$", redemptions.Fail.as_view(), name="redemption-fail"),
    path("codes/check", redemptions.Check.as_view(), name="code-check"),
    path("codes/use", redemptions.Use.as_view(), name="code-use"),
    path("rules", rules.Rules.as_view(), name="rules"),
    re_path(RULE + "$", rules.One.as_view(), name="rule"),
    re_path(RULE + "/draft$", rules.Draft.as_view(), name="rule-draft"),
    re_path(RULE + "/publish$", rules.Publish.as_view(), name="rule-publish"),
    re_path(RULE + "/retire$", rules.Retire.as_view(), name="rule-retire"),
]
