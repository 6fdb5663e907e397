"""Addresses of `members`."""

from django.urls import path

from members.views import dashboard

app_name = "members"
urlpatterns = [
    path("", dashboard.root, name="root"),
    path("dashboard/", dashboard.programs, name="programs"),
]
