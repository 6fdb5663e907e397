"""Forms of `campaigns`."""
