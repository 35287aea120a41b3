"""Comparing strategies under scenarios, over several seeds, on the same held-out rows."""
