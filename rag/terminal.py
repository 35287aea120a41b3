"""How far a file of questions is, for whoever asks in a terminal: a bar there, plain lines elsewhere.

No question is said: what is printed may be kept in a log.
"""

import time

import rich.progress
from rich.console import Console


class Answered(rich.progress.Progress):
    """Counts answers on standard error, with time passed and time left.

    Parameters
    ----------
    questions : how many there are.
    shown : whether anything is said.
    """

    def __init__(self, questions: int, *, shown: bool = True) -> None:
        console = Console(stderr=True)
        super().__init__(
            rich.progress.TextColumn("Answering"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TextColumn("left"),
            rich.progress.TimeRemainingColumn(),
            console=console,
            disable=not (shown and console.is_terminal),
            speed_estimate_period=600,
        )
        self._in_lines = shown and not console.is_terminal
        self._questions = questions
        self._done = 0
        self._begun = time.monotonic()
        self._bar = self.add_task("", total=questions)

    def next(self) -> None:
        """Count one more answer."""
        self._done += 1
        self.update(self._bar, completed=self._done)
        if self._in_lines:
            left = (time.monotonic() - self._begun) / self._done * (self._questions - self._done)
            self.console.print(f"{self._done} of {self._questions} answered, about {left:.0f} s left", highlight=False)
