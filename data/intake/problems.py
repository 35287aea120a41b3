"""What is wrong in a file, said so that whoever made it can mend it."""

import heapq
from dataclasses import dataclass

MOST_LISTED = 1000
_LONGEST_VALUE = 40


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    row : row under the header, from 1; None when the whole file or column is meant.
    column : name of the column; None when the whole row or file is meant.
    value : what stands there, shortened, without what does not print.
    rule : a sentence that says what would be right.
    """

    row: int | None
    column: str | None
    value: str
    rule: str

    def __str__(self) -> str:
        """Return the problem in one line: ``row 17, column spo2, value 85: Oxygen saturation must be ...``."""
        parts = [f"row {self.row}"] if self.row is not None else []
        parts += [f"column {self.column}"] if self.column is not None else []
        parts += [f"value {self.value}"] if self.value else []
        return f"{', '.join(parts)}: {self.rule}" if parts else self.rule


class Problems:
    """Collects problems in any order, counts all, and keeps the first by row."""

    def __init__(self, most: int = MOST_LISTED) -> None:
        self.count = 0
        self._most = most
        self._kept: list[tuple[int, int, Problem]] = []  # a heap whose first is the last by row

    def add(self, row: int | None, column: str | None, value: str, rule: str) -> None:
        """Note a problem."""
        self.count += 1
        key = (-(row or 0), -self.count)
        push = heapq.heappushpop if len(self._kept) == self._most else heapq.heappush
        push(self._kept, (*key, Problem(row, column, _shown(value), rule)))

    def add_unlisted(self, number: int) -> None:
        """Count problems that come after as many of their column as are listed."""
        self.count += number

    def whole_file(self, sentence: str) -> None:
        """Note what is wrong with the file as a whole."""
        self.add(None, None, "", sentence)

    def listed(self) -> tuple[Problem, ...]:
        """Return the problems by row; when there are more than are kept, the last one says how many."""
        found = tuple(problem for _, _, problem in sorted(self._kept, reverse=True))
        more = self.count - len(found)
        if more:
            found += (Problem(None, None, "", f"{more} more problems are not listed; there are {self.count} in all."),)
        return found


def _shown(value: str) -> str:
    shown = "".join(letter if letter.isprintable() else "�" for letter in value.strip()[: _LONGEST_VALUE + 1])
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"
