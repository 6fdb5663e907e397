"""What staff type on the pages of `rewards`, one page a module."""
