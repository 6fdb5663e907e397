"""Addresses of the key figures, below the program's own."""

from django.urls import path

from analytics.views.kpis import cohorts, detail, overview

urlpatterns = [
    path("", overview.overview, name="kpis"),
    path("cohorts/", cohorts.cohorts, name="cohorts"),
    path("<slug:key>/", detail.detail, name="kpi"),
]
