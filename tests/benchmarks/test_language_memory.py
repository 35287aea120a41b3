"""What the memory of training adapters is told as."""

from benchmarks import language_memory


def test_every_run_and_the_price_of_a_step_are_told() -> None:
    runs = [{"executor": executor, "again": again, "pss_mb": 3_000 + again} for executor, again in language_memory.WAYS]
    assert [language_memory.line_of(run) for run in runs] == [
        "one process, 2 sites, layers kept: 3.00 GB at most",
        "two actors, 2 sites, layers kept: 3.00 GB at most",
        "two actors, 2 sites, layers computed again: 3.00 GB at most",
    ]
    step = language_memory.line_of_step({"kept_s": [2.0, 9.0, 2.0], "again_s": [3.0, 3.0, 1.0], "ratio": 1.5})
    assert step == "a step of 4 answers: 2.00 s of the processor, 3.00 s with layers computed again, 1.50 ×; n = 3"
