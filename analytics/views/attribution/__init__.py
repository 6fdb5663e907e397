"""The pages of attribution."""
