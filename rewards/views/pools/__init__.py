"""Code pools in the dashboard."""
