"""Addresses of the API about members; the last one answers whatever is no address at all."""

from django.urls import URLPattern, path

from members.api import nowhere

urlpatterns: list[URLPattern] = []
last = [path("<path:rest>", nowhere.Nowhere.as_view(), name="nowhere"), path("", nowhere.Nowhere.as_view())]
