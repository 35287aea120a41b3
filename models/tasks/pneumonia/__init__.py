"""Pneumonia on a chest X-ray of a child."""
