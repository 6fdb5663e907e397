"""The pages of `rewards`, one surface a module."""
