"""Addresses of the portal below /p/<slug>/ that `members` answers."""

from django.urls import path

from members.portal import joining, profile, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.confirm, name="confirm"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("logo/", views.logo, name="logo"),
    path("join/", joining.join, name="join"),
    path("joined/", joining.joined, name="joined"),
    path("profile/", profile.profile, name="profile"),
    path("profile/address/", profile.address, name="address"),
    path("consents/", profile.consents, name="consents"),
    path("language/", profile.language, name="language"),
    path("brand.css", views.brand, name="brand"),
]
