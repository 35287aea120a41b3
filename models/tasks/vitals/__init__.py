"""The task vitals."""
