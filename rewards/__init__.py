"""What: units, wallets, the ledger, earning rules and their engine, tiers."""
