"""Journeys that run as they are: one click makes the draft, its messages in four languages and the segments it asks for."""
