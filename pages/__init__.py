"""Navigation and one file a page."""
