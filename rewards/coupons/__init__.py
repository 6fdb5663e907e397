"""Coupons: what a code takes off an order, exactly to the minor unit, and who may use it when (E4, SEMANTICS 41)."""
