"""A run's progress for whoever started it in a terminal: a bar where there is a terminal, plain lines elsewhere."""

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fl.watcher import Level, RoundResult, SiteInfo, SiteState, Snapshot, Watcher


class Terminal:
    """A Watcher that prints to standard error and passes everything on to ``inner``."""

    def __init__(self, rounds: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._rounds = rounds
        self._inner: Watcher | None = None
        self._progress: Progress | None = None
        if self._console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[scores]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar = self._progress.add_task("starting", total=rounds, scores="")

    def __enter__(self) -> "Terminal":
        """Show the bar."""
        if self._progress:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the last state of the bar standing."""
        if self._progress:
            self._progress.stop()

    def around(self, inner: Watcher) -> "Terminal":
        """Pass on to ``inner`` from now on."""
        self._inner = inner
        return self

    def phase(self, text: str) -> None:
        """Show what is being done."""
        self._pass.phase(text)
        if self._progress:
            self._progress.update(self._bar, description=text)
        else:
            print(text, file=sys.stderr, flush=True)

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        """Say how many take part."""
        self._pass.sites(sites)
        self._say(f"{len(sites)} sites, {sum(site.samples for site in sites)} rows")

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        """Pass on."""
        self._pass.site_state(position, round, state)

    def site_update(
        self, position: int, round: int, loss: float, metrics: Mapping[str, float], seconds: float, samples: int
    ) -> None:
        """Pass on."""
        self._pass.site_update(position, round, loss, metrics, seconds, samples)

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Show the global model's score."""
        self._pass.round_done(result, snapshot)
        scores = f"loss {result.loss:.4f}  AUC {result.metrics.get('auc', float('nan')):.4f}"
        if self._progress:
            self._progress.update(self._bar, completed=result.round, scores=scores)
        else:
            self._say(f"round {result.round} of {self._rounds}  {scores}  {result.seconds:.2f} s")

    def event(self, text: str, level: Level = "info") -> None:
        """Show a sentence."""
        self._pass.event(text, level)
        self._say(text)

    @property
    def _pass(self) -> Watcher:
        assert self._inner is not None, "around() comes first"
        return self._inner

    def _say(self, text: str) -> None:
        if self._progress:
            self._progress.console.print(text, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)
