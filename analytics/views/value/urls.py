"""Addresses of customer value, below the program's own."""

from django.urls import path

from analytics.views.value import actions, overview, person, settings

urlpatterns = [
    path("", overview.overview, name="value"),
    path("score/", overview.score, name="value_score"),
    path("self-test/", overview.self_test, name="value_self_test"),
    path("actions/", actions.actions, name="value_actions"),
    path("settings/", settings.settings, name="value_settings"),
    path("members/<str:number>/", person.person, name="member_value"),
]
