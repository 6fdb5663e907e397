"""Addresses of alerts, below a program's dashboard."""

from django.urls import path

from analytics.views.alerts import pages

urlpatterns = [
    path("", pages.alerts, name="alerts"),
    path("<int:alert_id>/snooze/", pages.snooze, name="alert_snooze"),
    path("<int:alert_id>/close/", pages.close, name="alert_close"),
    path("<int:alert_id>/draft/", pages.prepare, name="alert_prepare"),
]
