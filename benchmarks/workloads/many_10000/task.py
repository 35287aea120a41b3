"""The workload many with 10,000 sites."""

from dataclasses import replace

from benchmarks.workloads.many.task import Many


class Many10000(Many):
    """As many, for 10,000 sites."""

    name = "many_10000"
    training = replace(Many.training, sites=10_000)
    drawn = 114_102


TASK = Many10000()
