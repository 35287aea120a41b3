"""Comparisons that the app starts, a process each; their report is what ``python -m fl compare --json`` writes."""

from data.jobs import Jobs

COMPARISONS = Jobs("comparisons")


def start(task: str, strategies: str, scenario: str, seeds: int) -> int:
    """Start a comparison and return its number; what is asked must have been checked by ``study_of``.

    Raises
    ------
    data.jobs.Busy
        While another one is running.
    """
    asked = ["--task", task, "--strategies", strategies, "--scenario", scenario, "--seeds", str(seeds)]
    report = {"task": task, "asked": {"strategies": strategies, "scenario": scenario}}
    return COMPARISONS.start(["fl", "compare", *asked], report)
