"""Homes on disks of their own, to be filled or made read-only; skips where this process may not mount."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def disk(at: Path, megabytes: int) -> Iterator[Path]:
    """Mount an empty disk of this size at ``at`` until the block ends."""
    at.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(at))
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def make_read_only(at: Path) -> None:
    """Make a mounted disk read-only; only while no file on it is open for writing."""
    _mount("-o", "remount,ro", str(at))


def fill(at: Path, leave: int = 0) -> Path:
    """Write a file that leaves ``leave`` bytes free; return it, so that it can be removed."""
    filler = at / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * 65536)
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
    return filler


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs to mount a disk: {done.stderr.strip()}")
