"""Addresses of `analytics`."""

from django.urls import include, path

from analytics.views import home
from analytics.views.alerts.urls import urlpatterns as alerts
from analytics.views.attribution.urls import urlpatterns as attribution
from analytics.views.backtests import urls as backtests
from analytics.views.goals.urls import urlpatterns as goals
from analytics.views.kpis import urls as kpis
from analytics.views.money import urls as money
from analytics.views.reviews.urls import urlpatterns as reviews
from analytics.views.saved import mails
from analytics.views.saved.urls import urlpatterns as saved
from analytics.views.value import urls as value

app_name = "analytics"
urlpatterns = [
    path("dashboard/<slug:slug>/", home.home, name="home"),
    path("dashboard/<slug:slug>/figures/", include(kpis)),
    path("dashboard/<slug:slug>/backtests/", include(backtests)),
    path("dashboard/<slug:slug>/value/", include(value)),
    path("dashboard/<slug:slug>/alerts/", include(alerts)),
    path("dashboard/<slug:slug>/alerts/mails/", mails.subscribe, {"what": "alerts"}, name="alerts_mails"),
    path("dashboard/<slug:slug>/goals/", include(goals)),
    path("dashboard/<slug:slug>/attribution/", include(attribution)),
    path("dashboard/<slug:slug>/reviews/", include(reviews)),
    path("dashboard/<slug:slug>/views/", include(saved)),
    path("e-mails/<str:token>/", mails.unsubscribe, name="unsubscribe"),
    path("dashboard/<slug:slug>/", include(money)),
]
