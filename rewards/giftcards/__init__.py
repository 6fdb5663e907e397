"""Gift cards: wallets of money that belong to whoever has the code (SEMANTICS 42)."""
