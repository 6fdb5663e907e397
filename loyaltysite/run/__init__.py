"""`make run` and its companions: one supervisor for servers, web, worker and beat; backup, restore, reset."""
