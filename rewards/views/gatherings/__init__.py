"""Pages about the day of an event: set by staff, with who comes; and the list for the door, at the till."""
