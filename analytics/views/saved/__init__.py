"""The pages of saved views and subscriptions."""
