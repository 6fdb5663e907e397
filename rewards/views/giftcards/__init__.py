"""Gift cards on the dashboard: all of them, a new one, and what can be done with one."""
