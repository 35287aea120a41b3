"""Pieces of user interface that pages share."""
