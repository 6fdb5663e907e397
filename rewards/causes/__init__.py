"""Causes that members give points to: kept up, given to with a receipt, and paid on by the shop (SEMANTICS 14)."""
