"""Households on the dashboard: all of them, and one with its members, limits and moves."""
