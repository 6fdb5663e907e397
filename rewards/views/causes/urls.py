"""Addresses of good causes, below a program's dashboard."""

from django.urls import path

from rewards.views.causes import editor, gifts, pages

urlpatterns = [
    path("", pages.causes, name="causes"),
    path("new/", editor.cause_new, name="cause_new"),
    path("<slug:key>/", pages.cause, name="cause"),
    path("<slug:key>/edit/", editor.cause_edit, name="cause_edit"),
    path("<slug:key>/move/", pages.cause_move, name="cause_move"),
    path("<slug:key>/picture/", pages.cause_picture, name="cause_picture"),
    path("<slug:key>/pay/", pages.cause_pay, name="cause_pay"),
    path("<slug:key>/gifts/<int:donation_id>/", gifts.cause_gift, name="cause_gift"),
]
