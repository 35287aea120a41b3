"""How far a benchmark is: what is being measured, how much is done, time passed and time left."""

import rich.progress
from rich.console import Console


class Progress(rich.progress.Progress):
    """A bar on standard error; a line a step where that is no terminal.

    Parameters
    ----------
    steps : how many runs there will be.
    """

    def __init__(self, steps: int) -> None:
        console = Console(stderr=True)
        super().__init__(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TextColumn("left"),
            rich.progress.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            speed_estimate_period=3600,
        )
        self._steps = steps
        self._begun = 0
        self._what = ""
        self._bar = self.add_task("preparing", total=steps)

    def step(self, what: str) -> None:
        """Begin with ``what``; the step before is done."""
        self._what = what
        self.update(self._bar, description=what, completed=self._begun)
        self._begun += 1
        if self.disable:
            self.tell(f"{self._begun}/{self._steps} {what}")

    def within(self, where: str) -> None:
        """Say where in its step the benchmark is."""
        self.update(self._bar, description=f"{self._what}: {where}")
        if self.disable:
            self.tell(f"  {where}")

    def tell(self, line: str) -> None:
        """Say a line above the bar."""
        self.console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
