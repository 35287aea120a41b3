"""The companion in figures: how shares and amounts are shown, and that time and memory are measured."""

from pathlib import Path

import pytest

from benchmarks import rag


def test_shares_come_with_intervals_and_amounts_with_units() -> None:
    tables: dict[str, rag.Table] = {
        "seen": ("Seen", "What was seen.", [rag.Share("seen", 9, 10, "≥ .90")]),
        "speed": ("Time", "How long it took.", [rag.Amount("a search", 71.4, "ms", "≤ 120")]),
    }
    page = rag.markdown(tables, {"commit": "abc"})
    assert "| seen | 0.900 | 0.596 to 0.982 | 10 | ≥ .90 |" in page
    assert "| a search | 71 ms | ≤ 120 |" in page
    assert rag.as_json(tables) == {
        "seen": [{"name": "seen", "share": 0.9, "low": 0.5958, "high": 0.9821, "n": 10}],
        "speed": [{"name": "a search", "value": 71.4, "unit": "ms"}],
    }


@pytest.mark.slow
def test_time_and_memory_are_those_of_a_process_that_answers_from_the_index(home: Path) -> None:
    _, about, rows = rag.speed(10)
    amounts = {row.name: row.value for row in rows if isinstance(row, rag.Amount)}
    assert about.startswith("10 questions") and "814 passages" in about and len(amounts) == 4
    assert all(value > 1 for value in amounts.values())
    own, resident = (value for name, value in amounts.items() if "memory" in name or "pages" in name)
    assert own < resident
