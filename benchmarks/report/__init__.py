"""The report on federated language models: what FED-MED claims, measured here."""
