"""Tumour, yes or no, in a slice of brain MRI."""
