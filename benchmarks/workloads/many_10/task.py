"""The workload many with 10 sites."""

from dataclasses import replace

from benchmarks.workloads.many.task import Many


class Many10(Many):
    """As many, for 10 sites."""

    name = "many_10"
    training = replace(Many.training, sites=10)
    drawn = 113


TASK = Many10()
