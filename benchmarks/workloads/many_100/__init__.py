"""The workload many_100."""
