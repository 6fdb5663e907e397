"""Code pools: codes drawn here or brought along by the million, found by a keyed digest (SEMANTICS 41)."""
