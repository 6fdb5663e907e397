"""Addresses of plans, below a program's dashboard."""

from django.urls import path

from rewards.views.plans import editor, pages

urlpatterns = [
    path("", pages.plans, name="plans"),
    path("new/", editor.plan_new, name="plan_new"),
    path("<slug:key>/", pages.plan, name="plan"),
    path("<slug:key>/edit/", editor.plan_edit, name="plan_edit"),
    path("<slug:key>/move/", pages.plan_move, name="plan_move"),
]
