"""What a complaint may come from, read from its words."""
