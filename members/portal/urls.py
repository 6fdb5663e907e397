"""Addresses of the portal below /p/<slug>/ that `members` answers."""

from django.urls import path

from members.portal import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.confirm, name="confirm"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("logo/", views.logo, name="logo"),
    path("brand.css", views.brand, name="brand"),
]
