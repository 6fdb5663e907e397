"""What a tier or a plan gives: faster earning, member prices, free shipping, early and exclusive rewards, birthdays, promises."""
