"""Addresses below /m/ that mails and providers call."""

from django.urls import path

from campaigns.views.messages import public

urlpatterns = [
    path("u/<str:token>/", public.unsubscribe, name="unsubscribe"),
    path("o/<str:token>.gif", public.opened, name="open"),
    path("c/<str:token>/", public.clicked, name="click"),
    path("hooks/<int:provider_id>/<str:token>/", public.hook, name="hook"),
]
