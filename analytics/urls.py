"""Addresses of `analytics`."""

from django.urls import path

from analytics.views import home

app_name = "analytics"
urlpatterns = [
    path("dashboard/<slug:slug>/", home.home, name="home"),
]
