"""The workload many."""
