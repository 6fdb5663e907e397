"""Tiers: what counts, which level it earns, and how long that holds (SEMANTICS 31 to 37)."""
