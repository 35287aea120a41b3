"""Measurements of MedHive against the plain computation and its peers."""
