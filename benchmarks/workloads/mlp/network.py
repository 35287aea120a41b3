"""The network of the workload mlp, that of the task breast_cancer: 30-64-32-1."""

from models.tasks.breast_cancer.network import make

__all__ = ["make"]
