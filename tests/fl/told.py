"""A watcher that remembers everything, and can act the moment it is told something."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fl.watcher import Level, RoundResult, SiteInfo, SiteState, Snapshot


@dataclass
class Told:
    on: Callable[[str], None] = lambda what: None
    phases: list[str] = field(default_factory=list)
    names: list[SiteInfo] = field(default_factory=list)
    states: list[tuple[int, int, SiteState]] = field(default_factory=list)
    updates: list[tuple[int, int, float, Mapping[str, float], int]] = field(default_factory=list)
    results: list[RoundResult] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def phase(self, text: str) -> None:
        self.phases.append(text)
        self.on(text)

    def sites(self, sites: Sequence[SiteInfo]) -> None:
        self.names.extend(sites)

    def site_state(self, position: int, round: int, state: SiteState) -> None:
        self.states.append((position, round, state))
        self.on(f"site {state}")

    def site_update(self, position: int, round: int, loss: float, metrics: Any, seconds: float, samples: int) -> None:
        self.updates.append((position, round, loss, metrics, samples))

    def round_done(self, result: RoundResult, snapshot: Snapshot) -> None:
        self.results.append(result)
        self.snapshots.append(snapshot)
        self.on(f"round {result.round}")

    def event(self, text: str, level: Level = "info") -> None:
        self.events.append(text)
