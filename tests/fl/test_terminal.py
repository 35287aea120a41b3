"""What a run shows in a terminal, and what it prints where there is none."""

import os
import pty
import re
import sys
from contextlib import suppress

import numpy as np
import pytest

from fl.terminal import Terminal
from fl.watcher import RoundResult, Silent, SiteInfo, Snapshot
from models.preparation import Preparation

SITES = [SiteInfo(position, f"Site {name}", samples=10) for position, name in enumerate("ABCD")]


class Screen:
    """A pseudo-terminal that takes the place of standard error, once inside the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reading, writing = pty.openpty()
        os.set_blocking(self._reading, False)
        monkeypatch.setattr(sys, "stderr", os.fdopen(writing, "w", encoding="utf-8"))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "90")

    def lines(self) -> list[str]:
        """Return what was printed since the last time, without colours and movements."""
        sys.stderr.flush()
        said = b""
        with suppress(BlockingIOError):
            while True:
                said += os.read(self._reading, 65536)
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.decode())
        return [line.strip() for line in plain.rstrip().splitlines()]


def one_round(terminal: Terminal) -> None:
    """Let A and B answer, C be refused and D compute on, in round 3 of 20."""
    terminal.phase("training")
    terminal.sites(SITES)
    for position, state in enumerate(("answered", "answered", "refused", "computing")):
        terminal.site_state(position, 3, state)  # type: ignore[arg-type]
    zeros = np.zeros(1, np.float32)
    terminal.round_done(
        RoundResult(3, 0.25, {"auc": 0.875}, 0.02, 2), Snapshot(3, zeros, Preparation(zeros, zeros, zeros))
    )
    terminal.event("Site C was left out.", "warning")


def test_in_a_terminal_a_bar_and_a_hexagon_a_site_say_where_the_run_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    with Terminal(rounds=20).around(Silent()) as terminal:
        one_round(terminal)

    last = screen.lines()[-3:]
    assert re.fullmatch(r"Round  3 of 20 .* 0:00:00 elapsed, .* left", last[0])
    assert last[1] == "loss 0.2500 · AUC 0.8750"
    assert last[2] == "⬢⬢×⬡  2 answered, 1 computing, 1 refused"


def test_in_a_terminal_events_stand_above_the_picture_and_the_phase_before_the_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen(monkeypatch)
    with Terminal(rounds=20).around(Silent()) as terminal:
        one_round(terminal)
        terminal.phase("measuring benefit")
        terminal.event("Done.")
        lines = screen.lines()

    assert lines.index("Done.") < lines.index("measuring benefit · loss 0.2500 · AUC 0.8750")


def test_of_many_sites_only_the_numbers_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    with Terminal(rounds=20).around(Silent()) as terminal:
        terminal.sites([SiteInfo(position, str(position)) for position in range(10_000)])
        terminal.site_state(7, 1, "dropped")

    assert screen.lines()[-1] == "9999 waiting, 1 not answered"


def test_a_run_that_goes_on_begins_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(monkeypatch)
    with Terminal(rounds=20, done=12):
        pass

    assert screen.lines()[0].startswith("Round 12 of 20")


def test_where_there_is_no_terminal_each_thing_is_a_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(rounds=20).around(Silent()) as terminal:
        one_round(terminal)

    assert capsys.readouterr().err.splitlines() == [
        "training",
        "4 sites, 40 rows",
        "round 3 of 20  loss 0.2500  AUC 0.8750  0.02 s",
        "Site C was left out.",
    ]
