"""Alerts: what the figures warn of, each with the draft that is proposed against it."""
