"""Addresses of `campaigns`."""

from django.urls import include, path, re_path

from campaigns.views import duties, troubles
from campaigns.views.experiments import urls as experiments
from campaigns.views.journeys import calendar, member, wishes
from campaigns.views.journeys import urls as journeys
from campaigns.views.messages import links, outbox
from campaigns.views.messages import urls as messages
from campaigns.views.segments import urls as segments

ONE = r"^dashboard/(?P<slug>[-a-zA-Z0-9_]+)/members/(?P<number>[0-9]{12})/"

app_name = "campaigns"
urlpatterns = [
    path("dashboard/<slug:slug>/segments/", include(segments)),
    path("dashboard/<slug:slug>/journeys/", include(journeys)),
    path("dashboard/<slug:slug>/experiments/", include(experiments)),
    path("dashboard/<slug:slug>/approvals/journeys/", wishes.wish_list, name="wishes"),
    path(
        "dashboard/<slug:slug>/approvals/journeys/<int:request_id>/approve/",
        wishes.approve,
        name="wish_approve",
    ),
    path(
        "dashboard/<slug:slug>/approvals/journeys/<int:request_id>/refuse/", wishes.refuse, name="wish_refuse"
    ),
    path("dashboard/<slug:slug>/calendar/", calendar.calendar, name="calendar"),
    path("dashboard/<slug:slug>/tasks/", duties.duty_list, name="duties"),
    path("dashboard/<slug:slug>/tasks/<int:task_id>/done/", duties.finish, name="duty_finish"),
    re_path(ONE + "journeys/$", member.member_journeys, name="member_journeys"),
    re_path(ONE + "journeys/service/$", troubles.tell, name="member_service"),
    path("m/", include(links)),
    path("dashboard/<slug:slug>/messages/", include(messages)),
    re_path(ONE + "messages/$", outbox.member_messages, name="member_messages"),
]
