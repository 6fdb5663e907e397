"""Pages of the key figures."""
