"""Pages of customer value: what customers are worth, whether that is true, and what to do next about each."""
