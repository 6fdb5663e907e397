"""Addresses of journeys, below a program's dashboard."""

from django.urls import path

from campaigns.views.journeys import dry, editor, launching, listing, making, page

urlpatterns = [
    path("", listing.journey_list, name="journeys"),
    path("new/", making.new, name="journey_new"),
    path("<slug:key>/", page.journey, name="journey"),
    path("<slug:key>/about/", making.about, name="journey_about"),
    path("<slug:key>/edit/", editor.edit, name="journey_edit"),
    path("<slug:key>/publish/", launching.publish, name="journey_publish"),
    path("<slug:key>/dry-run/", dry.dry_run, name="journey_dry_run"),
    path("<slug:key>/pause/", launching.pause, name="journey_pause"),
    path("<slug:key>/resume/", launching.resume, name="journey_resume"),
    path("<slug:key>/stop/", launching.stop, name="journey_stop"),
]
