"""The dashboard's pages of journeys."""
