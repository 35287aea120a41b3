"""One folder a task, all alike."""
