"""Tests of effect: who was given what by lot, what they did afterwards, and what can be said of it."""
