"""Addresses of `rewards`."""

from django.urls import include, path, re_path

from rewards.views import (
    actions,
    approvals,
    bulk,
    consents,
    exporting,
    imports,
    joining,
    listing,
    member,
    merging,
    panes,
    tiers,
    units,
)
from rewards.views.badges import urls as badges
from rewards.views.catalogue import redeemed
from rewards.views.catalogue import urls as catalogue
from rewards.views.causes import urls as causes
from rewards.views.coupons import urls as coupons
from rewards.views.giftcards import pages as giftcards
from rewards.views.households import pages as households
from rewards.views.plans import member as plan_member
from rewards.views.plans import urls as plans
from rewards.views.pools import urls as pools
from rewards.views.referrals import urls as referrals
from rewards.views.rules import urls as rules
from rewards.views.surprises import urls as surprises
from rewards.views.till import urls as till

ONE = r"^dashboard/(?P<slug>[-a-zA-Z0-9_]+)/members/(?P<number>[0-9]{12})/"
DECISION = r"^dashboard/(?P<slug>[-a-zA-Z0-9_]+)/approvals/(?P<adjustment_id>[0-9]{1,18})/"

SETTINGS = "dashboard/<slug:slug>/"

app_name = "rewards"
urlpatterns = [
    path(SETTINGS + "tiers/", tiers.tiers, name="tiers"),
    path(SETTINGS + "tiers/change/", tiers.tiers_edit, name="tiers_edit"),
    path(SETTINGS + "units/", units.units, name="units"),
    path(SETTINGS + "units/new/", units.unit_new, name="unit_new"),
    path(SETTINGS + "units/example/", units.unit_example, name="unit_example"),
    path(SETTINGS + "units/<slug:key>/change/", units.unit_edit, name="unit_edit"),
    path(SETTINGS + "units/<slug:key>/stamp/", units.unit_stamp, name="unit_stamp"),
    path(SETTINGS + "units/<slug:key>/limits/", units.unit_limits, name="unit_limits"),
    path("dashboard/<slug:slug>/members/", listing.members, name="members"),
    path("dashboard/<slug:slug>/members/new/", joining.join, name="join"),
    path("dashboard/<slug:slug>/members/export/", exporting.export, name="export"),
    path("dashboard/<slug:slug>/members/bulk/", bulk.bulk_list, name="bulk_list"),
    path("dashboard/<slug:slug>/members/bulk/new/", bulk.bulk_new, name="bulk_new"),
    path("dashboard/<slug:slug>/members/bulk/<int:action_id>/", bulk.show, name="bulk"),
    path("dashboard/<slug:slug>/members/bulk/<int:action_id>/decide/", bulk.decide, name="bulk_decide"),
    path("dashboard/<slug:slug>/members/bulk/<int:action_id>/left-out/", bulk.left, name="bulk_left"),
    re_path(ONE + "$", member.member, name="member"),
    re_path(ONE + r"notes/$", panes.write_note, name="note_new"),
    re_path(ONE + r"notes/(?P<note_id>[0-9]{1,18})/delete/$", panes.delete_note, name="note_delete"),
    re_path(ONE + r"tags/$", panes.change_tags, name="tags"),
    re_path(ONE + r"consents/$", consents.change, name="consents"),
    re_path(ONE + r"reasons/(?P<fact_id>[0-9]{1,18})/$", member.reasons, name="reasons"),
    path("dashboard/<slug:slug>/imports/", imports.imports, name="imports"),
    path("dashboard/<slug:slug>/imports/upload/", imports.upload, name="import_upload"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/", imports.one, name="import"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/columns/", imports.columns, name="import_columns"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/start/", imports.start, name="import_start"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/stop/", imports.stop, name="import_stop"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/discard/", imports.discard, name="import_discard"),
    path("dashboard/<slug:slug>/imports/<int:run_id>/rejected/", imports.rejected, name="import_rejected"),
    re_path(ONE + r"do/(?P<name>[a-z-]{3,20})/$", actions.act, name="member_action"),
    re_path(ONE + r"plans/$", plan_member.member_plans, name="member_plans"),
    re_path(ONE + r"merge/$", merging.merge, name="merge"),
    re_path(ONE + r"merges/(?P<merge_id>[0-9]{1,18})/$", merging.undo, name="unmerge"),
    path("dashboard/<slug:slug>/approvals/", approvals.approvals, name="approvals"),
    re_path(DECISION + r"approve/$", approvals.approve, name="approve"),
    re_path(DECISION + r"refuse/$", approvals.refuse, name="refuse"),
    path("dashboard/<slug:slug>/rules/", include(rules.urlpatterns)),
    path("dashboard/<slug:slug>/surprises/", include(surprises.urlpatterns)),
    path("dashboard/<slug:slug>/referrals/", include(referrals.urlpatterns)),
    path("dashboard/<slug:slug>/badges/", include(badges.urlpatterns)),
    path("dashboard/<slug:slug>/rewards/", include(catalogue.urlpatterns)),
    path("dashboard/<slug:slug>/causes/", include(causes.urlpatterns)),
    path("dashboard/<slug:slug>/coupons/", include(coupons.urlpatterns)),
    path("dashboard/<slug:slug>/codes/", include(pools.urlpatterns)),
    path("dashboard/<slug:slug>/plans/", include(plans.urlpatterns)),
    path("dashboard/<slug:slug>/redemptions/", redeemed.redeemed, name="redeemed"),
    path("dashboard/<slug:slug>/redemptions/<int:redemption_id>/", redeemed.redemption, name="redemption"),
    path("dashboard/<slug:slug>/households/", households.households, name="households"),
    path("dashboard/<slug:slug>/households/<int:household_id>/", households.household, name="household"),
    path("dashboard/<slug:slug>/gift-cards/", giftcards.gift_cards, name="gift_cards"),
    path("dashboard/<slug:slug>/gift-cards/new/", giftcards.gift_card_new, name="gift_card_new"),
    path("dashboard/<slug:slug>/gift-cards/<int:card_id>/", giftcards.gift_card, name="gift_card"),
    path("till/", include(till.urlpatterns)),
]
