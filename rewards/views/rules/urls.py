"""Addresses of earning rules, below a program's dashboard."""

from django.urls import path

from rewards.views.rules import editor, listing, page

urlpatterns = [
    path("", listing.rule_list, name="rules"),
    path("new/", editor.new, name="rule_new"),
    path("<slug:key>/", page.rule, name="rule"),
    path("<slug:key>/edit/", editor.edit, name="rule_edit"),
    path("<slug:key>/publish/", page.publish, name="rule_publish"),
    path("<slug:key>/retire/", page.retire, name="rule_retire"),
    path("<slug:key>/cancel/", page.cancel, name="rule_cancel"),
    path("<slug:key>/discard/", page.discard, name="rule_discard"),
]
