"""Which surface lives where (DESIGN 5)."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
urlpatterns += [
    path("", include(f"{app}.urls"))
    for app in ("members", "rewards", "campaigns", "analytics")
    if find_spec(f"{app}.urls")
]
