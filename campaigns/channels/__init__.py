"""How messages leave the house: one small interface, and a module for each way out."""
