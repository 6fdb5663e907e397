"""Addresses of `rewards`."""

from django.urls import include, path, re_path

from rewards.views import listing, member
from rewards.views.till import urls as till

ONE = r"^dashboard/(?P<slug>[-a-zA-Z0-9_]+)/members/(?P<number>[0-9]{12})/"

app_name = "rewards"
urlpatterns = [
    path("dashboard/<slug:slug>/members/", listing.members, name="members"),
    re_path(ONE + "$", member.member, name="member"),
    re_path(ONE + r"reasons/(?P<fact_id>[0-9]{1,18})/$", member.reasons, name="reasons"),
    path("till/", include(till.urlpatterns)),
]
