"""How far a benchmark is: what is being measured, how much is done, time passed and time left."""

import rich.progress
from rich.console import Console


class Progress(rich.progress.Progress):
    """A bar in a terminal, on standard error.

    Parameters
    ----------
    steps : how many runs there will be.
    """

    def __init__(self, steps: int) -> None:
        super().__init__(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TextColumn("left"),
            rich.progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            speed_estimate_period=3600,
        )
        self._bar = self.add_task("preparing", total=steps)
        self._begun = False

    def step(self, what: str) -> None:
        """Begin with ``what``; the step before is done."""
        self.update(self._bar, description=what, advance=int(self._begun))
        self._begun = True

    def tell(self, line: str) -> None:
        """Say a line above the bar."""
        self.console.print(line, style="yellow", markup=False)
