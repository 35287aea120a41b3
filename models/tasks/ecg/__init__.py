"""Which kind of heartbeat it is."""
