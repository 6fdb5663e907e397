"""The pages of back-tests."""
