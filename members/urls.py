"""Addresses of `members`."""

from django.urls import path

from members.views import dashboard, stores

ONE = "dashboard/<slug:slug>/"

app_name = "members"
urlpatterns = [
    path("", dashboard.root, name="root"),
    path("dashboard/", dashboard.programs, name="programs"),
    path(ONE + "stores/", stores.stores, name="stores"),
    path(ONE + "stores/new/", stores.store_new, name="store_new"),
    path(ONE + "stores/<int:store_id>/", stores.store_edit, name="store_edit"),
]
