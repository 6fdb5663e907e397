"""Saved views, and what the team is told by e-mail."""
