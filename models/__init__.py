"""Tasks, model versions and predictions."""
