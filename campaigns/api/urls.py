"""Addresses of the API about campaigns."""

from django.urls import path, re_path

from campaigns.api import experiments, journeys, placements, places, segments

MEMBER = r"^members/(?P<member_id>[0-9]{1,18})/"

urlpatterns = [
    path("experiments", experiments.Experiments.as_view(), name="experiments"),
    re_path(r"^experiments/(?P<experiment_id>[0-9]{1,18})$", experiments.One.as_view(), name="experiment"),
    path("segments", segments.Segments.as_view(), name="segments"),
    re_path(r"^segments/(?P<segment>[-a-zA-Z0-9_]{1,60})$", segments.One.as_view(), name="segment"),
    re_path(MEMBER + "segments$", segments.Mine.as_view(), name="member-segments"),
    re_path(MEMBER + "placements$", placements.Placements.as_view(), name="placements"),
    re_path(MEMBER + "placements/(?P<placement_id>[0-9]{1,18})$", placements.One.as_view(), name="placement"),
    re_path(MEMBER + "position$", places.Positions.as_view(), name="position"),
    re_path(MEMBER + "journeys$", journeys.Entries.as_view(), name="journeys"),
]
