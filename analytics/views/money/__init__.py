"""Pages of money: liability with its journal, budgets, and what the program brings back."""
