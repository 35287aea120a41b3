"""Readers that turn an uploaded file into a Dataset, or into problems in plain words."""
