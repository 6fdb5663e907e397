"""Addresses of the portal below /p/<slug>/ that `rewards` answers."""

from django.urls import path

from rewards.views.portal import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("card/", pages.card, name="card"),
    path("lots/", pages.lots, name="lots"),
    path("history/", pages.history, name="history"),
]
