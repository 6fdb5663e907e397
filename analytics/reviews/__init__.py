"""The monthly review of rules, journeys and rewards."""
