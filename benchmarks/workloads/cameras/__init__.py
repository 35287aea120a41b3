"""The workload cameras."""
