"""The workload mlp."""
