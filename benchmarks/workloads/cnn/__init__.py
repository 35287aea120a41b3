"""The workload cnn."""
