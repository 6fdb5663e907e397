"""Addresses of referrals, below a program's dashboard."""

from django.urls import path

from rewards.views.referrals import pages

urlpatterns = [
    path("", pages.show, name="referrals"),
    path("change/", pages.change, name="referrals_change"),
    path("<int:referral_id>/decide/", pages.decide, name="referral_decide"),
]
