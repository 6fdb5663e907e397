"""Segments on the dashboard: all of them, one of them, and its conditions under the pen."""
