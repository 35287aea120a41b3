"""The workload head."""
