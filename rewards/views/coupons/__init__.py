"""Coupons in the dashboard."""
