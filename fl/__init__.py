"""Federated learning: Flower apps, executors, strategies, runs and the worker."""
