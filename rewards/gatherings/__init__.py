"""Rewards of the kind event have a day, a place and seats: set by staff, told to members, followed by whom they let in."""
