"""Addresses of reviews, below a program's dashboard."""

from django.urls import path

from analytics.views.reviews import pages

urlpatterns = [
    path("", pages.reviews, name="reviews"),
    path("make/", pages.review_make, name="review_make"),
    path("<int:review_id>/", pages.review, name="review"),
    path("lines/<int:item_id>/", pages.review_decide, name="review_decide"),
]
