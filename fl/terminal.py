"""A run's progress for whoever started it in a terminal: a live picture where there is one, plain lines elsewhere.

The picture is a bar with elapsed and remaining time, the phase with the last scores, and a hexagon for each site that
fills when its update has arrived.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from fl.watcher import Level, Relay, RoundResult, Silent, SiteInfo, SiteState, Snapshot, Watcher

FRAMES_PER_SECOND = 8
DRAWN = 60  # sites that have a hexagon of their own; of more only the numbers are said
SIGNS: dict[SiteState, tuple[str, str]] = {
    "answered": ("⬢", "cyan"),
    "computing": ("⬡", "bold cyan"),
    "waiting": ("⬡", "dim"),
    "dropped": ("–", "red"),
    "refused": ("×", "red"),
}
WORDS = {"dropped": "not answered"}
STYLES: dict[Level, str] = {"info": "", "warning": "yellow", "error": "red"}


class Terminal(Relay):
    """A Watcher that prints to standard error and passes everything on to ``inner``.

    Parameters
    ----------
    rounds : how many the run has.
    done : how many of them it has behind it, when it goes on.
    """

    def __init__(self, rounds: int, done: int = 0) -> None:
        super().__init__(Silent())
        self._console = Console(stderr=True, highlight=False)
        self._rounds = rounds
        self._live: Live | None = None
        self._phase, self._scores = "starting", ""
        self._states: dict[int, SiteState] = {}
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("Round"),
                MofNCompleteColumn(separator=" of "),
                BarColumn(),
                TimeElapsedColumn(),
                TextColumn("elapsed,"),
                TimeRemainingColumn(),
                TextColumn("left"),
            )
            self._task = self._bar.add_task("", total=rounds, completed=done)
            self._live = Live(self, console=self._console, refresh_per_second=FRAMES_PER_SECOND)

    def __enter__(self) -> "Terminal":
        """Show the picture."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave its last state standing."""
        if self._live:
            self._phase = ""
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the picture."""
        yield self._bar
        yield Text(" · ".join(filter(None, (self._phase, self._scores))), no_wrap=True, overflow="ellipsis")
        yield self._hive()

    def around(self, inner: Watcher) -> "Terminal":
        """Pass on to ``inner`` from now on."""
        self.inner = inner
        return self

    def phase(self, text: str) -> None:
        """Show what is being done."""
        super().phase(text)
        self._phase = text
        if not self._live:
            self._say(text)

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        """Say how many take part."""
        super().sites(sites)
        self._states = {site.position: "waiting" for site in sites}
        self._say(f"{len(sites)} sites, {sum(site.samples for site in sites)} rows")

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        """Fill, empty or strike out a site's hexagon."""
        super().site_state(position, round, state)
        self._states[position] = state

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        """Show the global model's score."""
        super().round_done(result, snapshot)
        name, word = ("perplexity", "perplexity") if "perplexity" in result.metrics else ("auc", "AUC")
        self._scores = f"loss {result.loss:.4f} · {word} {result.metrics.get(name, float('nan')):.4f}"
        if self._live:
            self._bar.update(self._task, completed=result.round)
        else:
            scores = self._scores.replace(" · ", "  ")
            self._say(f"round {result.round} of {self._rounds}  {scores}  {result.seconds:.2f} s")

    def event(self, text: str, level: Level = "info") -> None:
        """Show a sentence."""
        super().event(text, level)
        self._say(text, STYLES[level])

    def _hive(self) -> Text:
        states = [self._states[position] for position in sorted(self._states)]
        counts = Counter(states)
        drawn = Text()
        if len(states) <= DRAWN:
            for state in states:
                drawn.append(*SIGNS[state])
            drawn.append("  ")
        said = (f"{counts[state]} {WORDS.get(state, state)}" for state in SIGNS if counts[state])
        return drawn.append(", ".join(said), "dim")

    def _say(self, text: str, style: str = "") -> None:
        if self._live:
            self._console.print(text, markup=False, style=style)
        else:
            print(text, file=sys.stderr, flush=True)
