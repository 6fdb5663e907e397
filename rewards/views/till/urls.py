"""Addresses of the till."""

from django.urls import path

from rewards.views.till import events, giving, pages, redeeming, setup

urlpatterns = [
    path("", pages.root, name="till_root"),
    path("<slug:slug>/", pages.till, name="till"),
    path("<slug:slug>/find/", pages.find, name="till_find"),
    path("<slug:slug>/actions/<slug:kind>/", pages.act, name="till_act"),
    path("<slug:slug>/redeem/<str:token>/", redeeming.redeem, name="till_redeem"),
    path("<slug:slug>/events/", events.events, name="till_events"),
    path("<slug:slug>/events/<slug:key>/", events.event, name="till_event"),
    path("<slug:slug>/give/", giving.give, name="till_give"),
    path("<slug:slug>/preview/", pages.preview, name="till_preview"),
    path("<slug:slug>/store/", pages.store, name="till_store"),
    path("<slug:slug>/session/", setup.session, name="till_session"),
    path("<slug:slug>/lock/", setup.lock, name="till_lock"),
    path("<slug:slug>/worker.js", setup.worker, name="till_worker"),
]
