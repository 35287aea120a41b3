"""Executors: who computes a site's update."""
