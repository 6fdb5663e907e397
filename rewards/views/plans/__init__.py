"""The dashboard's pages of paid membership."""
