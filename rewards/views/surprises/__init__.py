"""Surprises on the dashboard."""
