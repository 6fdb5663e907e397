"""Which surface lives where (DESIGN 5)."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from loyaltysite import health
from loyaltysite.kit import metrics
from loyaltysite.kit.styleguide import styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("loyaltysite.api")),  # first: nobody calls as often
    path("healthz/", health.healthz, name="healthz"),
    path("readyz/", health.readyz, name="readyz"),
    path("metrics", metrics.show, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("dashboard/styleguide/", styleguide, name="styleguide"),
    path("accounts/", include("allauth.urls")),
    path("programs/new/", include("loyaltysite.presets.urls")),
    path("p/", include("loyaltysite.portal")),
    path("admin/", admin.site.urls),
]
urlpatterns += [
    path("", include(f"{app}.urls"))
    for app in ("members", "rewards", "campaigns", "analytics")
    if find_spec(f"{app}.urls")
]
