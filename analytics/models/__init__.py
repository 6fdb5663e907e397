"""The tables of `analytics`, one aggregate a module."""

from analytics.models.rollups import ACTIVE, Change, Day, Presence, PresenceDay, Recount, RuleDay, UnitDay

__all__ = ["ACTIVE", "Change", "Day", "Presence", "PresenceDay", "Recount", "RuleDay", "UnitDay"]
