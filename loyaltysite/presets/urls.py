"""Addresses of the gallery; beside the programs, so that no program's address can be in their way."""

from django.urls import path

from loyaltysite.presets import views

app_name = "presets"
urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("<slug:key>/", views.new, name="new"),
]
