"""The executor for real sites: messages travel over a SuperLink to a process at each of them.

A site that is away is waited for, up to MEDHIVE_SITE_PATIENCE, and asked again when it is back; what was on its way
when a process or the SuperLink was killed is sent again. The same message gives the same update, so none of this
changes the result.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flwr.app import Context, Error, Message, RecordDict
from flwr.clientapp import ClientApp

from fl.client_app import FAILED
from fl.course import Course
from fl.deploy.hub import Hub, HubError
from fl.grid.flower import SiteGrid
from fl.grid.superlink import NodeState, Refused, RunLink, Unreachable, plain
from fl.request import RequestError
from fl.server_app import server_app
from settings import get_settings

SHORTEST_LOOK, LONGEST_LOOK = 0.02, 0.25  # seconds between two questions for replies; grows while none come
ONLINE_SECONDS = 1.0  # between two looks at who is there
AGAIN_SECONDS = 0.5


def execute(course: Course, _client: ClientApp) -> None:
    """Run the federation; each site calls the ClientApp that is installed there.

    Raises
    ------
    RequestError
        When there is no server, or it cannot be reached.
    """
    course.watcher.phase("connecting to the sites")
    try:
        hub = Hub.read()
    except HubError as error:
        raise RequestError(str(error)) from None
    grid, done = SuperLinkGrid(hub, course), False
    try:
        server_app(course)(grid, grid.context)
        done = True
    finally:
        grid.close(done=done)


@dataclass
class _Asked:
    """A message on its way.

    Parameters
    ----------
    message : as the ServerApp made it.
    sent : the copy that travels, None while the site is away.
    activated : since when the site was there as it was sent.
    away_since : moment by ``time.monotonic``, None while the site is there.
    """

    message: Message
    sent: Message | None = None
    activated: str = ""
    away_since: float | None = None


class SuperLinkGrid(SiteGrid):
    """Sends messages to the nodes that the request names; the one at index ``i`` is the site at position ``i``."""

    def __init__(self, hub: Hub, course: Course) -> None:
        super().__init__(0)
        self._hub, self._course = hub, course
        self._nodes = list(course.request.nodes)
        self._names = {node: course.sites[position].name for position, node in enumerate(self._nodes)}
        self._given_up: set[int] = set()  # waited for once already, in vain
        self._link = self._connected()

    @property
    def context(self) -> Context:
        """The context of the ServerApp."""
        return self._link.context

    def close(self, *, done: bool) -> None:
        """End the SuperLink's run."""
        self._link.close(done=done)

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield replies as they arrive; an error reply for a site that fails, or stays away too long."""
        content = plain(messages[0].content)
        waiting = {message.metadata.dst_node_id: _Asked(message) for message in messages}
        look, next_online = SHORTEST_LOOK, 0.0
        while waiting and time.monotonic() < deadline:
            self._course.stop.check()
            replies = []
            try:
                if time.monotonic() >= next_online:
                    self._send(waiting, content, self._link.online())
                    next_online = time.monotonic() + ONLINE_SECONDS
                replies = [*self._received(waiting), *self._missed(waiting)]
            except Unreachable:
                look = LONGEST_LOOK
            except Refused:  # the SuperLink has ended this run, having heard nothing of us for too long
                self._link.close(done=False)
                self._link = self._connected()
                for asked in waiting.values():
                    asked.sent = None
                next_online = 0.0
            if replies:
                look = SHORTEST_LOOK
                yield replies
            else:
                time.sleep(look)
                look = min(LONGEST_LOOK, look * 1.5)

    def _send(self, waiting: dict[int, _Asked], content: RecordDict, online: dict[int, NodeState]) -> None:
        """Send what is not on its way to sites that are there, once more to those that have started anew since."""
        sent = []
        for node, asked in waiting.items():
            state = online.get(node)
            if state is None:
                if asked.away_since is None:
                    asked.away_since = time.monotonic()
                    self._say_away(node)
                continue
            if asked.away_since is not None:
                self._say_back(node, asked)
            if asked.sent is None or asked.activated != state.activated:
                metadata = asked.message.metadata
                asked.sent = Message(content, node, metadata.message_type, group_id=metadata.group_id)
                asked.activated = state.activated
                sent.append(asked.sent)
        if sent:
            self._link.push(sent)

    def _received(self, waiting: dict[int, _Asked]) -> list[Message]:
        by_id = {asked.sent.metadata.message_id: node for node, asked in waiting.items() if asked.sent is not None}
        if not by_id:
            return []
        replies = []
        for message_id, reply in self._link.pull(list(by_id)).items():
            if reply is None:
                waiting[by_id[message_id]].sent = None
            else:
                del waiting[by_id[message_id]]
                replies.append(reply)
        return replies

    def _missed(self, waiting: dict[int, _Asked]) -> list[Message]:
        """Return error replies for the sites that have been away for too long."""
        patience, missed = get_settings().site_patience, []
        for node, asked in list(waiting.items()):
            if asked.away_since is None:
                continue
            if node in self._given_up or time.monotonic() - asked.away_since > patience:
                self._given_up.add(node)
                del waiting[node]
                missed.append(Message(Error(FAILED, "it is not connected"), reply_to=asked.message))
        return missed

    def _say_away(self, node: int) -> None:
        if node not in self._given_up:
            patience = get_settings().site_patience
            self._course.watcher.event(
                f"{self._names[node]} is not connected; the run waits for it for up to {patience:g} seconds.", "warning"
            )

    def _say_back(self, node: int, asked: _Asked) -> None:
        asked.away_since = None
        self._given_up.discard(node)
        self._course.watcher.event(f"{self._names[node]} is connected again.")

    def _connected(self) -> RunLink:
        """Return a run of the SuperLink, after waiting for one that is just being started."""
        until = time.monotonic() + get_settings().site_patience
        while True:
            self._course.stop.check()
            try:
                return RunLink(self._hub.superlink, self._hub.certificate)
            except Unreachable:
                if time.monotonic() > until:
                    raise RequestError(
                        "the server for real sites does not answer: start it with python -m fl deploy server."
                    ) from None
                time.sleep(AGAIN_SECONDS)
            except Refused as error:
                raise RequestError(str(error)) from None
