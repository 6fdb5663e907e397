"""From facts to points: one path for the till, the API, the import and the back-test."""
