"""The dashboard's pages of earning rules."""
