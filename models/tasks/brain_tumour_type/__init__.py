"""Which tumour a slice of brain MRI shows."""
