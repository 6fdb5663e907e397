"""Who: programs, team, members, identities, stores, orders, events and the audit."""
