"""The pages of `members`, one surface a module."""
