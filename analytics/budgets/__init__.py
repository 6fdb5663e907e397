"""What a merchant plans to spend on members, and what was spent."""
