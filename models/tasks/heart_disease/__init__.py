"""The task heart_disease."""
