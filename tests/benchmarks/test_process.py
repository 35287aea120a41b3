"""What is seen of a command: its time, its memory with that of its children, and that nothing of it stays."""

import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks import process
from benchmarks.process import members, observe, pss

CHILD = "held = bytearray(60_000_000); import time; time.sleep(0.5)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {CHILD!r}])"


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_SECONDS", 0.05)


def test_memory_of_a_child_counts(tmp_path: Path) -> None:
    observed = observe([sys.executable, "-S", "-c", PARENT], {}, tmp_path, patience=30)

    assert observed.code == 0
    assert 60 < observed.pss_mb < 200


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    orphan = "import os, time; print(os.environ['BENCHMARK_TAG'], flush=True); time.sleep(60)"
    start = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-S', '-c', {orphan!r}]); time.sleep(60)"

    observed = observe([sys.executable, "-S", "-c", start], {}, tmp_path, patience=0.3)

    assert observed.code is None
    assert len(observed.last_words) == 32
    assert _soon_empty(observed.last_words)


def test_the_last_words_of_a_failure_are_kept(tmp_path: Path) -> None:
    observed = observe([sys.executable, "-S", "-c", "print('a'); raise SystemExit('no data')"], {}, tmp_path, 30)

    assert (observed.code, observed.last_words) == (1, "no data")


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert pss(2**22 + 1) == 0
    assert pss(os.getpid()) > 1_000_000


def _soon_empty(tag: str) -> bool:
    """Whether no process carries the tag any more; the kernel may take a moment to clear the killed away."""
    deadline = time.monotonic() + 5
    while members(tag) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not members(tag)
