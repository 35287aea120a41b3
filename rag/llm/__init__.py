"""Providers that word an answer."""
