"""Change a kept file as a thief or a failing disk would."""

from __future__ import annotations

from pathlib import Path


def change_one_bit(file: Path, at: int = -1) -> None:
    """Flip one bit of byte `at`: unlike writing a chosen byte, this changes a random file every time."""
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
