"""Addresses of goals, below a program's dashboard."""

from django.urls import path

from analytics.views.goals import pages
from analytics.views.saved import mails

urlpatterns = [
    path("", pages.goals, name="goals"),
    path("new/", pages.goal_new, name="goal_new"),
    path("mails/", mails.subscribe, {"what": "goals"}, name="goals_mails"),
    path("<int:goal_id>/", pages.goal, name="goal"),
    path("<int:goal_id>/end/", pages.goal_end, name="goal_end"),
]
