"""Pages of `campaigns`, by surface and aggregate."""
