"""Which sales are credited to what was said to members: by last touch, and beside it by hold-out."""
