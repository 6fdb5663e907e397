"""Addresses of segments on the dashboard."""

from django.urls import path

from campaigns.views.segments import editor, exporting, pages

urlpatterns = [
    path("", pages.segment_list, name="segments"),
    path("new/", editor.new, name="segment_new"),
    path("<slug:key>/", pages.segment, name="segment"),
    path("<slug:key>/edit/", editor.edit, name="segment_edit"),
    path("<slug:key>/do/<str:name>/", pages.act, name="segment_act"),
    path("<slug:key>/export/", exporting.export, name="segment_export"),
]
