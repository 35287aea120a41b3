"""The workload many_10."""
