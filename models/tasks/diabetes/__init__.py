"""Diabetes within five years, from eight findings."""
