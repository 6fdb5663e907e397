"""Goals: a key figure that shall go from a value to another by a day, followed daily."""
