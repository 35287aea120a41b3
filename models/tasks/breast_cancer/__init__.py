"""The task breast_cancer."""
