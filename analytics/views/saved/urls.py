"""Addresses of saved views, below a program's dashboard."""

from django.urls import path

from analytics.views.saved import compare, pages

urlpatterns = [
    path("", pages.view_list, name="views"),
    path("new/", pages.view_new, name="view_new"),
    path("programs/", compare.compare, name="compare"),
    path("<int:view_id>/delete/", pages.view_delete, name="view_delete"),
    path("<int:view_id>/weekly/", pages.view_weekly, name="view_weekly"),
]
