"""Addresses of attribution, below a program's dashboard."""

from django.urls import path

from analytics.views.attribution import pages

urlpatterns = [
    path("", pages.attribution, name="attribution"),
    path("file/", pages.attribution_csv, name="attribution_csv"),
    path("windows/", pages.attribution_windows, name="attribution_windows"),
]
