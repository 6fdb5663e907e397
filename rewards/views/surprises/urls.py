"""Addresses of surprises, below a program's dashboard."""

from django.urls import path

from rewards.views.surprises import pages

urlpatterns = [
    path("", pages.listing, name="surprises"),
    path("new/", pages.new, name="surprise_new"),
    path("<int:surprise_id>/", pages.show, name="surprise"),
    path("<int:surprise_id>/decide/", pages.decide, name="surprise_decide"),
]
