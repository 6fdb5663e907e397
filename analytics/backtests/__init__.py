"""Back-tests: a draft of rules, tiers, expiry or prices replayed on every member's real past. Nothing is written but the
result."""
