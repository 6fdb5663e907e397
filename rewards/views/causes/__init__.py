"""The dashboard's pages of good causes."""
