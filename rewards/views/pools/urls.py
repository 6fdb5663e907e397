"""Addresses of code pools, below a program's dashboard."""

from django.urls import path

from rewards.views.pools import editor, pages

urlpatterns = [
    path("", pages.pools, name="pools"),
    path("new/", editor.pool_new, name="pool_new"),
    path("<slug:key>/", pages.pool, name="pool"),
    path("<slug:key>/edit/", editor.pool_edit, name="pool_edit"),
    path("<slug:key>/import/", pages.pool_import, name="pool_import"),
    path("<slug:key>/draw/", pages.pool_draw, name="pool_draw"),
    path("<slug:key>/<int:batch_id>/left-out/", pages.pool_left, name="pool_left"),
    path("<slug:key>/<int:batch_id>/download/", pages.pool_download, name="pool_download"),
]
