"""What members' points will cost: by lot in money, what will never be used, and when the rest comes due."""
