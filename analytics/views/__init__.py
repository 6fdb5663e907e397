"""The pages of `analytics`, one surface a module."""
