"""Paid membership (SEMANTICS 43): what can be bought, the time that was paid for, and what it was worth."""
