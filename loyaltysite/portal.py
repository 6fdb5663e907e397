"""Addresses of the customers' portal, which several apps answer together."""

from django.urls import include, path

from campaigns.views.portal import urls as campaigns
from members.portal import urls as members
from members.portal import views
from rewards.views.portal import urls as rewards

app_name = "portal"
urlpatterns = [
    path("", views.root, name="root"),
    path("<slug:slug>/", include(members.urlpatterns + rewards.urlpatterns + campaigns.urlpatterns)),
]
