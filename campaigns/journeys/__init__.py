"""Journeys: what a member goes through step by step, each step exactly once (docs/journeys.md)."""
