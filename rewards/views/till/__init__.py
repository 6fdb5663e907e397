"""The till's page and what it asks for: one page for everything, as a form without script and as JSON with it."""
