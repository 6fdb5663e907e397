"""A program filled from a real shop's data, to look around in. Nothing here is used by a program of your own."""
