"""Addresses of tests of effect."""

from django.urls import path

from campaigns.views.experiments import pages

urlpatterns = [
    path("", pages.experiment_list, name="experiments"),
    path("<int:experiment_id>/", pages.experiment, name="experiment"),
    path("<int:experiment_id>/decide/", pages.decide, name="experiment_decide"),
]
