"""Pages about tests of effect."""
