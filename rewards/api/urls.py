"""Addresses of the API about orders, points, tiers and rules."""

from django.urls import path

from rewards.api import facts

urlpatterns = [
    path("orders", facts.Orders.as_view(), name="orders"),
    path("orders/batch", facts.Batch.as_view(), name="orders-batch"),
    path("payments", facts.Payments.as_view(), name="payments"),
    path("cancellations", facts.Cancellations.as_view(), name="cancellations"),
    path("returns", facts.Returns.as_view(), name="returns"),
]
