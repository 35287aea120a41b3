"""The hive map: where cells lie, what they say, and how many sites one stands for."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.hive_map import NAMED, SINGLE, HiveCell, arrange, counts_in_words, places

STATES = ("waiting", "computing", "answered", "dropped", "refused")


def sites(count: int, state: str = "answered") -> list[HiveCell]:
    return [HiveCell(f"Site {i}", "45 records", state) for i in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 10, 18, 19, 37, 60])
def test_cells_never_overlap_each_other_or_the_coordinator(count: int) -> None:
    centres = [(0.0, 0.0), *places(count)]
    assert len(centres) == count + 1
    nearest = min(math.dist(a, b) for a, b in itertools.combinations(centres, 2))
    assert nearest >= math.sqrt(3) - 1e-5


@pytest.mark.parametrize("count", range(1, 61))
def test_every_cell_touches_the_hive_and_left_and_right_are_balanced(count: int) -> None:
    centres = [(0.0, 0.0), *places(count)]
    joined, waiting = {centres[0]}, set(centres[1:])
    while near := {a for a in waiting if any(math.dist(a, b) < 1.8 for b in joined)}:
        joined |= near
        waiting -= near
    assert not waiting
    if count > 6 and count % 2 == 0:
        assert abs(sum(x for x, _ in centres)) < 1e-6


def test_cells_follow_each_other_as_lines_are_read() -> None:
    assert places(10) == sorted(places(10), key=lambda place: (place[1], place[0]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STATES), max_size=400))
def test_every_site_is_in_exactly_one_cell(states: list[str]) -> None:
    given_sites = [HiveCell(f"Site {i}", "", state) for i, state in enumerate(states)]
    cells = arrange(given_sites)
    assert len(cells) == min(len(states), SINGLE)
    if len(states) > SINGLE:
        assert sum(int(cell.lines[0]) for cell in cells) == len(states)
        assert all(0 <= cell.share <= 1 for cell in cells)
    else:
        assert [cell.state for cell in cells] == states


def test_up_to_eighteen_sites_have_name_and_records_in_the_cell() -> None:
    cell = arrange(sites(NAMED))[0]
    assert cell.lines == ("Site 0",)
    assert cell.detail == "45 records"


def test_more_sites_keep_a_short_name_and_the_whole_one_as_title() -> None:
    cell = arrange(sites(NAMED + 1))[12]
    assert cell.lines == ("12",)
    assert cell.detail == ""
    assert cell.title == "Site 12: 45 records, answered"


def test_a_cell_of_many_sites_shows_the_worst_state_and_how_many_of_each() -> None:
    crowd = sites(118) + sites(1, "refused") + sites(1, "dropped")
    last = arrange(crowd)[-1]
    assert last.state == "refused"
    assert last.title == "Site 0 to Site 0: 1 not answered, 1 refused"
    assert arrange(crowd)[0].share == 1


def test_a_long_name_breaks_into_two_lines_and_is_cut_only_then() -> None:
    long = arrange([HiveCell("Hungarian Institute of Cardiology", "", "waiting")])[0]
    assert long.lines == ("Hungarian", "Institute o…")
    assert long.title.startswith("Hungarian Institute of Cardiology")
    assert arrange([HiveCell("Unbreakablehospital", "", "waiting")])[0].lines == ("Unbreakableh", "ospital")


def test_the_counts_are_said_in_words_and_leave_out_what_is_not_there() -> None:
    assert counts_in_words(sites(2) + sites(1, "dropped")) == "2 answered, 1 not answered"
    assert counts_in_words([]) == ""
