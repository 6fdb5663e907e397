"""Addresses of coupons, below a program's dashboard."""

from django.urls import path

from rewards.views.coupons import editor, pages

urlpatterns = [
    path("", pages.coupons, name="coupons"),
    path("new/", editor.coupon_new, name="coupon_new"),
    path("<slug:key>/", pages.coupon, name="coupon"),
    path("<slug:key>/edit/", editor.coupon_edit, name="coupon_edit"),
    path("<slug:key>/move/", pages.coupon_move, name="coupon_move"),
    path("<slug:key>/give/", pages.coupon_give, name="coupon_give"),
]
