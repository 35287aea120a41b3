"""The workload many with 100 sites."""

from dataclasses import replace

from benchmarks.workloads.many.task import Many


class Many100(Many):
    """As many, for 100 sites."""

    name = "many_100"
    training = replace(Many.training, sites=100)
    drawn = 1_142


TASK = Many100()
