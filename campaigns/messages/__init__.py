"""What is said to members: decided once, sent once, and explained ever after."""
