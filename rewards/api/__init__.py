"""The calls about what: orders, returns, events, points, tiers and earning rules."""
