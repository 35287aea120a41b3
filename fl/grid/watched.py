"""A grid around any other that checks and scores what sites send before a strategy sees it.

Every executor goes through it, so a bad update is refused in the same way everywhere, replies reach the strategy in
the order of sites whatever order they came in, and the watcher learns of each site the moment it answers.
"""

from collections.abc import Iterable, Iterator, Sized
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray

from fl.checks import needed, refusal, unusable_numbers
from fl.course import Course
from fl.evaluation import HeldOut
from fl.grid.flower import positions, stream
from fl.watcher import Failure, QuorumLost, SiteInfo, SiteState

Numbers = dict[str, NDArray[Any]]


class WatchedGrid:
    """Wraps ``inner``; the ServerApp sets ``round`` and ``heldout`` as it goes.

    Parameters
    ----------
    inner : grid that carries messages.
    course : the federation.
    """

    def __init__(self, inner: Grid, course: Course) -> None:
        self.inner = inner
        self._course = course
        self._positions = positions(inner, len(course.sites), course.stop)
        self._nodes = {position: node for node, position in self._positions.items()}
        self.round = 0
        self.heldout: HeldOut | None = None
        self.size = 0  # weights of the global model
        self.failures: list[Failure] = []
        self.bytes_up = self.bytes_down = 0  # of one site in the last round

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        """Return the updates that count, in the order of sites.

        Raises
        ------
        QuorumLost
            When fewer than the quorum count.
        Cancelled
            When a stop was asked for.
        """
        # strategies sample in random order; in that of sites, a run looks the same every time
        asked = sorted(messages, key=lambda message: self._positions[message.metadata.dst_node_id])
        if not asked:
            return []
        watcher = self._course.watcher
        self.failures = []
        self.bytes_down = _payload(asked[0].content)
        for message in asked:
            watcher.site_state(self._positions[message.metadata.dst_node_id], self.round, "computing")
        usable: dict[int, Message] = {}
        for reply in stream(self.inner, asked, self._course.stop):
            site = self._site(reply)
            if reply.has_error():
                self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason")
            elif reason := self._refusal(reply.content, site):
                self._leave_out(site, "refused", reason)
            else:
                if not usable:
                    self.bytes_up = _payload(reply.content)  # the same for every site
                usable[site.position] = reply
                watcher.site_state(site.position, self.round, "answered")
        self._check_quorum(usable, f"round {self.round}")
        return [usable[position] for position in sorted(usable)]

    def ask(self, message_type: str, arrays: ArrayRecord | None = None) -> Iterator[tuple[SiteInfo, Numbers]]:
        """Ask every site something besides an update; yield the answers that count as they arrive.

        Raises
        ------
        Cancelled
            When a stop was asked for.
        """
        content = RecordDict({"config": ConfigRecord({"plan": self._course.request.plan})})
        if arrays is not None:
            content["arrays"] = arrays
        self.failures = []
        messages = [
            Message(content, dst_node_id=self._nodes[site.position], message_type=message_type)
            for site in self._course.sites
        ]
        for reply in stream(self.inner, messages, self._course.stop):
            site = self._site(reply)
            if reply.has_error():
                self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason")
                continue
            numbers = {name: array.numpy() for name, array in reply.content.array_records["arrays"].items()}
            metrics = dict(reply.content.metric_records["metrics"])
            if reason := unusable_numbers(numbers):
                self._leave_out(site, "refused", reason)
            else:
                yield site, {**numbers, **{name: np.asarray(value) for name, value in metrics.items()}}

    def ask_quorum(self, message_type: str, arrays: ArrayRecord | None = None) -> list[tuple[SiteInfo, Numbers]]:
        """Ask as ``ask`` does; return the answers in the order of sites.

        Raises
        ------
        QuorumLost
            When fewer than the quorum answer.
        """
        answers = sorted(self.ask(message_type, arrays), key=lambda answer: answer[0].position)
        self._check_quorum(answers, "the preparation")
        return answers

    def _check_quorum(self, usable: Sized, when: str) -> None:
        count, wanted = len(usable), needed(self._course.request.quorum, len(self._course.sites))
        if count < wanted:
            named = "; ".join(f"{failure.site}: {failure.reason}" for failure in self.failures)
            raise QuorumLost(
                f"{count} of {len(self._course.sites)} sites sent a usable answer in {when}, {wanted} are "
                f"needed. {named}."
            )

    def _refusal(self, content: RecordDict, site: SiteInfo) -> str | None:
        """Return why an update does not count, or score it, tell the watcher and return None."""
        arrays = content.array_records.get("arrays", ArrayRecord())
        metrics = dict(content.metric_records.get("metrics", {}))
        weights = arrays["weights"].numpy() if "weights" in arrays else None
        examples = metrics.get("num-examples")
        if reason := refusal(weights, self.size, examples, site.samples):
            return reason
        if self.heldout is None or weights is None:
            return None
        loss, scores = self.heldout.score(weights)
        if loss != loss:
            return "its weights are so large that scores are not finite"
        seconds, rows = metrics.get("seconds", 0.0), int(examples)  # type: ignore[arg-type]  # refusal has checked it
        seconds = seconds if isinstance(seconds, float) else 0.0
        self._course.watcher.site_update(site.position, self.round, loss, scores, seconds, rows)
        return None

    def _leave_out(self, site: SiteInfo, state: SiteState, reason: str) -> None:
        self.failures.append(Failure(site.position, site.name, reason))
        self._course.watcher.site_state(site.position, self.round, state)
        self._course.watcher.event(f"{site.name} was left out of round {self.round}: {reason}.", "warning")

    def _site(self, reply: Message) -> SiteInfo:
        return self._course.sites[self._positions[reply.metadata.src_node_id]]


def _payload(content: RecordDict) -> int:
    """Return the bytes of numbers and text in a message, without Flower's own envelope."""
    arrays = sum(len(array.data) for record in content.array_records.values() for array in record.values())
    values = [value for record in content.config_records.values() for value in record.values()]
    values += [value for record in content.metric_records.values() for value in record.values()]
    return arrays + sum(len(value) if isinstance(value, str | bytes) else 8 for value in values)
