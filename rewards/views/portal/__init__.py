"""The portal's pages on points: what a member sees of the own card."""
