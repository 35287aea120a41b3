"""A grid around any other that checks and scores what sites send before a strategy sees it.

Every executor goes through it, so a bad update is refused in the same way everywhere, replies reach the strategy in
the order of sites whatever order they came in, and the watcher learns of each site the moment it answers.
"""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from numpy.typing import NDArray

from data.table import FloatArray
from fl.checks import STILL, Earlier, fingerprints, needed, norms_too_large, refusal, unusable_numbers
from fl.course import Course
from fl.evaluation import HeldOut
from fl.grid.flower import positions, stream, values_of
from fl.watcher import Failure, QuorumLost, SiteInfo, SiteState

DROP = 7  # keeps the chances of drop-outs apart from other draws of the same seed

COMPARISON = "the comparison"
EARLIER = "earlier updates"  # name under which the server carries them from round to round

Numbers = dict[str, NDArray[Any]]


@dataclass
class _Round:
    """What has come of one round by position: usable replies, the norms and the fingerprints of their updates."""

    usable: dict[int, Message] = field(default_factory=dict)
    norms: dict[int, float] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)


class _Update(NamedTuple):
    """A reply of the right form."""

    site: SiteInfo
    reply: Message
    weights: FloatArray
    metrics: dict[str, object]


class WatchedGrid:
    """Wraps ``inner``; the ServerApp sets ``round``, ``weights`` and ``heldout`` as it goes.

    Parameters
    ----------
    inner : grid that carries messages.
    course : the federation.

    Attributes
    ----------
    round : the present round.
    weights : (p,) global weights that the present round starts from.
    heldout : what updates are scored on.
    earlier : what sites sent in the last rounds.
    failures : sites left out of the last exchange.
    bytes_up, bytes_down : of one site in the last round; down, the mean over those asked.
    """

    def __init__(self, inner: Grid, course: Course) -> None:
        self.inner = inner
        self._course = course
        self._positions = positions(inner, len(course.sites), course.stop)
        self._nodes = {position: node for node, position in self._positions.items()}
        self.earlier = Earlier(len(course.sites), (course.start.carried if course.start else {}).get(EARLIER))
        self.round = 0
        self.weights: FloatArray = np.zeros(0, dtype=np.float32)
        self.heldout: HeldOut | None = None
        self.failures: list[Failure] = []
        self.bytes_up = self.bytes_down = 0
        # nobody is shown how good an update is that noise is to hide
        self._hidden = bool(course.request.dp_epsilon) and course.request.dp_level == "client"

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> list[Message]:
        """Return the updates that count, in the order of sites.

        Raises
        ------
        QuorumLost
            When fewer than the quorum count.
        Cancelled
            When a stop was asked for.
        """
        asked = self.open_round(messages)
        if not asked:
            return []
        present = _Round()
        for replies in self._answers(self._without_drop_outs(asked)):
            self._take(replies, present)
        self._leave_out_large(present)
        self._check_quorum(present.usable, f"round {self.round}", len(asked))
        self.earlier.remember(self.round, list(present.usable), [present.marks[each] for each in present.usable])
        return [present.usable[position] for position in sorted(present.usable)]

    def open_round(self, messages: Iterable[Message]) -> list[Message]:
        """Return the messages of a round in the order of sites, and tell that these compute."""
        # strategies sample in random order; in that of sites, a run looks the same every time
        asked = sorted(messages, key=self.position_of)
        self.failures = []
        self.bytes_down = sum(_payload(message.content) for message in asked) // max(1, len(asked))
        for message in asked:
            self._course.watcher.site_state(self.position_of(message), self.round, "computing")
        return asked

    def position_of(self, message: Message) -> int:
        """Return the position of the site that a message goes to."""
        return self._positions[message.metadata.dst_node_id]

    def exchange(self, message_type: str, contents: Mapping[int, RecordDict]) -> dict[int, Message]:
        """Send each site its own content; return the replies by position, without those of sites that fail."""
        nodes = self._nodes
        messages = [Message(own, dst_node_id=nodes[at], message_type=message_type) for at, own in contents.items()]
        found: dict[int, Message] = {}
        for replies in self._answers(messages):
            for reply in replies:
                site = self._site(reply)
                if reply.has_error():
                    self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason")
                else:
                    found[site.position] = reply
        return found

    def receive_masked(self, asked: Sequence[Message]) -> dict[int, Message]:
        """Send a round of secure aggregation; return by position the replies of the right form.

        Nothing else can be checked: what a single update says is hidden here.
        """
        found: dict[int, Message] = {}
        for replies in self._answers(self._without_drop_outs(asked)):
            for reply in replies:
                site = self._site(reply)
                if reply.has_error():
                    self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason")
                    continue
                numbers, told = _weights_of(reply.content), _metrics_of(reply.content)
                if numbers is None or numbers.shape != (len(self.weights) + 1,) or numbers.dtype != np.uint32:
                    self._leave_out(site, "refused", f"it sent no {len(self.weights) + 1} masked numbers of 32 bits")
                    continue
                self.bytes_up = _payload(reply.content)
                found[site.position] = reply
                seconds = told.get("seconds", 0.0)
                seconds = seconds if isinstance(seconds, float) else 0.0
                self._course.watcher.site_update(site.position, self.round, math.nan, {}, seconds, 0)
                self._course.watcher.site_state(site.position, self.round, "answered")
        return found

    def check_quorum(self, usable: Sized, asked: int) -> None:
        """Raise QuorumLost when fewer than the quorum of a round's sites count."""
        self._check_quorum(usable, f"round {self.round}", asked)

    @property
    def sites(self) -> dict[int, SiteInfo]:
        """Node → site."""
        return {node: self._course.sites[position] for node, position in self._positions.items()}

    def ask(
        self, message_type: str, arrays: ArrayRecord | None = None, config: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[SiteInfo, Numbers]]:
        """Ask every site something besides an update; yield the answers that count as they arrive.

        Raises
        ------
        Cancelled
            When a stop was asked for.
        """
        content = RecordDict({"config": ConfigRecord({"plan": self._course.request.plan, **(config or {})})})
        if arrays is not None:
            content["arrays"] = arrays
        self.failures = []
        messages = [
            Message(content, dst_node_id=self._nodes[site.position], message_type=message_type)
            for site in self._course.sites
        ]
        of = COMPARISON if message_type.startswith("train.") else "the preparation"
        for replies in self._answers(messages):
            for reply in replies:
                site = self._site(reply)
                if reply.has_error():
                    self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason", of)
                    continue
                numbers = {name: values_of(array) for name, array in reply.content.array_records["arrays"].items()}
                metrics = dict(reply.content.metric_records["metrics"])
                if reason := unusable_numbers(numbers):
                    self._leave_out(site, "refused", reason, of)
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
        self._check_quorum(answers, "the preparation", len(self._course.sites))
        return answers

    def _answers(self, messages: Sequence[Message]) -> Iterator[list[Message]]:
        """Yield replies as they arrive; sites that the deadline finds still at work are left out."""
        seconds = self._course.request.deadline
        late = {message.metadata.dst_node_id for message in messages}
        if not late:
            return
        deadline = time.monotonic() + seconds if seconds else math.inf
        for replies in stream(self.inner, messages, self._course.stop, deadline):
            late -= {reply.metadata.src_node_id for reply in replies}
            yield replies
        for node in sorted(late, key=self._positions.__getitem__):
            site = self._course.sites[self._positions[node]]
            self._leave_out(site, "dropped", f"it had not answered after {seconds:g} seconds")

    def _without_drop_outs(self, asked: Sequence[Message]) -> list[Message]:
        """Return the messages to send, when a trial lets sites drop out at random."""
        request = self._course.request
        if not request.drop:
            return list(asked)
        there = []
        for message in asked:
            position = self._positions[message.metadata.dst_node_id]
            chance = np.random.default_rng((DROP, request.seed, self.round, position)).random()
            if chance < request.drop:
                self._leave_out(self._course.sites[position], "dropped", "it dropped out, as this trial asks for")
            else:
                there.append(message)
        return there

    def _take(self, replies: Sequence[Message], present: _Round) -> None:
        """Keep the replies that count, each with its score told to the watcher."""
        sound: list[_Update] = []
        for reply in replies:
            site = self._site(reply)
            if reply.has_error():
                self._leave_out(site, "dropped", reply.error.reason or "it failed without a reason")
                continue
            weights, metrics = _weights_of(reply.content), _metrics_of(reply.content)
            reason = refusal(weights, len(self.weights), metrics.get("num-examples"), site.samples)
            if reason or weights is None:
                self._leave_out(site, "refused", reason or "it sent no weights")
            else:
                sound.append(_Update(site, reply, weights, metrics))
        if sound:
            self._score(sound, present)

    def _score(self, updates: Sequence[_Update], present: _Round) -> None:
        stacked = np.stack([update.weights for update in updates])
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(stacked - self.weights, axis=1).tolist()
        scores = self.heldout.score_each(stacked) if self.heldout else [(0.0, {})] * len(updates)
        marks, still = fingerprints(stacked), STILL * float(np.linalg.norm(self.weights))
        known = self.earlier.known([update.site.position for update in updates], marks)
        for update, norm, mark, again, (loss, scored) in zip(updates, norms, marks, known, scores, strict=True):
            site, told = update.site, update.metrics
            if math.isnan(loss):
                self._leave_out(site, "refused", "its weights are so large that scores are not finite")
                continue
            if again and norm > still:
                self._leave_out(site, "refused", "it sent its update of an earlier round again")
                continue
            if not present.usable:
                self.bytes_up = _payload(update.reply.content)  # the same for every site
            present.usable[site.position] = update.reply
            present.norms[site.position], present.marks[site.position] = norm, mark
            if self._hidden:
                loss, scored = math.nan, {}
            seconds = told.get("seconds", 0.0)
            seconds, rows = (seconds if isinstance(seconds, float) else 0.0), int(told["num-examples"])  # type: ignore[call-overload]
            self._course.watcher.site_update(site.position, self.round, loss, scored, seconds, rows)
            self._course.watcher.site_state(site.position, self.round, "answered")

    def _leave_out_large(self, present: _Round) -> None:
        """Leave out updates whose size says that they are no result of training."""
        for position, reason in norms_too_large(present.norms).items():
            del present.usable[position]
            self._leave_out(self._course.sites[position], "refused", reason)

    def _check_quorum(self, usable: Sized, when: str, asked: int) -> None:
        count, wanted = len(usable), needed(self._course.request.quorum, asked)
        if count < wanted:
            named = "; ".join(f"{failure.site}: {failure.reason}" for failure in self.failures)
            raise QuorumLost(f"{count} of {asked} sites sent a usable answer in {when}, {wanted} are needed. {named}.")

    def _leave_out(self, site: SiteInfo, state: SiteState, reason: str, of: str = "") -> None:
        self.failures.append(Failure(site.position, site.name, reason))
        if of != COMPARISON:  # which comes after the run: whoever is missing there was no less a part of it
            self._course.watcher.site_state(site.position, self.round, state)
        self._course.watcher.event(f"{site.name} was left out of {of or f'round {self.round}'}: {reason}.", "warning")

    def _site(self, reply: Message) -> SiteInfo:
        return self._course.sites[self._positions[reply.metadata.src_node_id]]


def _weights_of(content: RecordDict) -> FloatArray | None:
    arrays = content.get("arrays")
    return values_of(arrays["weights"]) if isinstance(arrays, ArrayRecord) and "weights" in arrays else None


def _metrics_of(content: RecordDict) -> dict[str, object]:
    metrics = content.get("metrics")
    return dict(metrics) if isinstance(metrics, MetricRecord) else {}


def _payload(content: RecordDict) -> int:
    """Return the bytes of numbers and text in a message, without Flower's own envelope."""
    arrays = sum(len(array.data) for record in content.array_records.values() for array in record.values())
    values = [value for record in content.config_records.values() for value in record.values()]
    values += [value for record in content.metric_records.values() for value in record.values()]
    return arrays + sum(len(value) if isinstance(value, str | bytes) else 8 for value in values)
