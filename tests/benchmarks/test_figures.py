"""From moments and scores to the figures of a table."""

from dataclasses import replace

import pytest

from benchmarks.figures import Figures, as_json, disagreements, ends_of_rounds, median, warm_round
from benchmarks.table import markdown

SOME = Figures(round_s=0.01, total_s=4.0, first_round_s=3.0, pss_mb=400, loss=0.3, auc=0.97, accuracy=0.94)


def test_the_first_two_rounds_do_not_count_as_warm() -> None:
    assert warm_round([10.0, 15.0, 16.0, 17.0, 19.0]) == 1.0


def test_with_two_rounds_only_the_first_is_left_out() -> None:
    assert warm_round([10.0, 15.0]) == 5.0


def test_one_round_has_no_warm_round() -> None:
    with pytest.raises(ValueError, match="at least two rounds"):
        warm_round([10.0])


def test_a_round_ends_when_the_last_process_says_so() -> None:
    assert ends_of_rounds("1 5.0\n2 9.0\n1 7.5\n2 8.0\n") == [7.5, 9.0]


def test_the_median_is_taken_of_every_figure() -> None:
    runs = [replace(SOME, total_s=total, pss_mb=memory) for total, memory in ((9.0, 1), (4.0, 7), (5.0, 3))]

    assert (median(runs).total_s, median(runs).pss_mb, median(runs).loss) == (5.0, 3, 0.3)


def test_a_system_with_another_loss_than_the_plain_loop_is_named() -> None:
    other = replace(SOME, loss=0.33)

    (sentence,) = disagreements({"mlp": {"plain": SOME, "pfl": replace(SOME, loss=0.301), "odd": other}})

    assert sentence.startswith("odd ended mlp with loss 0.3300, the plain loop with 0.3000")


def test_a_loss_that_is_no_number_is_no_agreement() -> None:
    assert disagreements({"mlp": {"plain": SOME, "odd": replace(SOME, loss=float("nan"))}})


def test_programs_find_workload_system_and_figure() -> None:
    found = as_json({"mlp": {"plain": SOME}})

    assert set(found["mlp"]["plain"]) == {"round_s", "total_s", "first_round_s", "pss_mb", "loss", "auc", "accuracy"}


def test_the_table_gives_ratios_to_the_plain_loop_and_says_what_is_missing() -> None:
    measured = {"mlp": {"plain": SOME, "pfl": replace(SOME, round_s=0.015)}}
    titles = {"plain": "plain loop", "pfl": "pfl-research", "nvflare": "NVIDIA FLARE"}

    page = markdown(measured, {"mlp": {"nvflare": "pip | failed"}}, ["pfl differs."], titles, {"commit": "abc"})

    assert "| pfl-research | 15.0 ms (1.50 ×) | 4.00 s (1.00 ×) |" in page
    assert "| NVIDIA FLARE | not measured: pip / failed |" in page
    assert "**Not the same computation:** pfl differs." in page
    assert "- commit: abc" in page
