"""Badges, challenges and milestones for staff."""
