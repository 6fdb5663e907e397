"""Addresses of the catalogue, below a program's dashboard."""

from django.urls import path

from rewards.views.catalogue import editor, pages
from rewards.views.gatherings import pages as gatherings

urlpatterns = [
    path("", pages.rewards, name="rewards"),
    path("new/", editor.reward_new, name="reward_new"),
    path("<slug:key>/", pages.reward, name="reward"),
    path("<slug:key>/edit/", editor.reward_edit, name="reward_edit"),
    path("<slug:key>/move/", pages.reward_move, name="reward_move"),
    path("<slug:key>/event/", gatherings.event, name="event"),
    path("<slug:key>/event/edit/", gatherings.event_edit, name="event_edit"),
    path("<slug:key>/picture/", pages.reward_picture, name="reward_picture"),
]
