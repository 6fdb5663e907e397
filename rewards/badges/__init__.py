"""Badges, challenges and milestones: what members reach by what they do, counted from the facts."""
