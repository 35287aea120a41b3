"""Sources that people add to the companion: files read into documents, cleaned, and cut into passages."""
