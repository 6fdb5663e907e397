"""Calls of the API about campaigns."""
