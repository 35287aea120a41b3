"""Malignant mass in a breast ultrasound."""
