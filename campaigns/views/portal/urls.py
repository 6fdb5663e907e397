"""Addresses of the portal below /p/<slug>/ that `campaigns` answers."""

from django.urls import path

from campaigns.views.portal import devices, messages, places

urlpatterns = [
    path("messages/", messages.messages, name="messages"),
    path("messages/device/", devices.allow, name="device_allow"),
    path("messages/device/off/", devices.refuse, name="device_refuse"),
    path("messages/here/", places.here, name="place_here"),
    path("messages/here/off/", places.stop, name="place_stop"),
    path("push-worker.js", devices.worker, name="push_worker"),
    path("messages/<int:number>/close/", messages.close, name="placement_close"),
    path("messages/<int:number>/go/", messages.go, name="placement_go"),
]
