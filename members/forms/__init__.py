"""What staff type on the pages of `members`, one page a module."""
