"""Language models: a frozen base that never travels, and small adapters that are trained and do."""
