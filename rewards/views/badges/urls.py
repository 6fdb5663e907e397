"""Addresses of badges, below a program's dashboard."""

from django.urls import path

from rewards.views.badges import editor, pages

urlpatterns = [
    path("", pages.badges, name="badges"),
    path("new/", editor.badge_new, name="badge_new"),
    path("<slug:key>/", pages.badge, name="badge"),
    path("<slug:key>/edit/", editor.badge_edit, name="badge_edit"),
    path("<slug:key>/move/", pages.badge_move, name="badge_move"),
]
