"""Addresses of the REST API, which several apps answer together."""

from django.urls import include, path

from campaigns.api import urls as campaigns
from members.api import docs
from members.api import urls as members
from rewards.api import urls as rewards

app_name = "api"
urlpatterns = [
    path("v1/", include(rewards.urlpatterns + campaigns.urlpatterns + members.urlpatterns + members.last)),
    path("docs/", docs.page, name="docs"),
    path("docs/schema", docs.schema, name="schema"),
]
