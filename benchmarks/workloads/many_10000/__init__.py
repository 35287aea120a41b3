"""The workload many_10000."""
