"""The executor that computes every site in this process: one after the other, or large networks in threads.

PyTorch lets go of Python's lock while it computes, so threads train large networks side by side on all cores without
a second process to start, to feed or to hold in memory. A small network is mostly Python, and threads only get in
each other's way.
"""

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from flwr.app import Context, Error, Message
from flwr.clientapp import ClientApp

from fl.assignment import drop, forget
from fl.checks import failure_reason
from fl.client_app import FAILED, HERE, Here
from fl.course import Course
from fl.grid.flower import FIRST_SITE, SiteGrid, server_context, site_context
from fl.local import LARGE, example, network_of
from fl.server_app import server_app
from fl.watcher import Cancelled, Stop
from settings import cores

LOOK_SECONDS = 0.05


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation."""
    run(course, InProcessGrid(client, course, threads_for(course.request.task, len(course.sites))))


def run(course: Course, grid: SiteGrid) -> None:
    """Run the ServerApp over a grid of this process."""
    try:
        server_app(course)(grid, server_context())
    finally:
        forget()


def threads_for(task: str, sites: int) -> int:
    """Return how many of the ``sites`` of a task are best computed at the same time.

    Where cores do not divide them, one more than cores: three sites that share two cores are done after one and a half
    times what one takes, two and then the third after twice.
    """
    net = network_of(task)
    if len(net.weights) < LARGE or net.draws(example(task)):  # all threads would draw from one generator
        return 1
    return cores() + bool(sites % cores())


class InProcessGrid(SiteGrid):
    """Calls the ClientApp directly."""

    def __init__(self, client: ClientApp, course: Course, threads: int = 1) -> None:
        sites = len(course.sites)
        super().__init__(sites)
        self.stop = course.stop
        self._client = client
        self._contexts: dict[int, Context] = {}
        self._threads = threads
        self.samples = course.request.fraction < 1  # then rows are read anew rather than all held

    def stream(self, messages: Sequence[Message], deadline: float = math.inf) -> Iterator[list[Message]]:
        """Yield one reply after the other."""
        here = Here(self.stop)
        if self._threads > 1 or deadline < math.inf:
            yield from self.in_threads(messages, deadline, here)
        else:
            for message in messages:
                self.stop.check()
                yield [self.answer(message, here)]
                if self.samples:
                    drop(position_of(message))
        if self.samples:
            forget()

    def answer(self, message: Message, here: Here) -> Message:
        """Return a site's reply."""
        position = position_of(message)
        if position not in self._contexts:
            self._contexts[position] = site_context(position, len(self._nodes))
        return answer(self._client, message, self._contexts[position], here)

    def in_threads(self, messages: Sequence[Message], deadline: float, here: Here) -> Iterator[list[Message]]:
        """Yield replies as threads compute them; a site that hangs keeps its thread and nobody waits for it."""
        mine = Here(Stop(self.stop), here.trained, here.alone)
        waiting, done = deque(messages), queue.SimpleQueue[Message | BaseException]()

        def work() -> None:
            while waiting:
                try:
                    done.put(self.answer(waiting.popleft(), mine))
                except BaseException as error:  # an IndexError too: another thread took the last one
                    done.put(error)

        for _ in range(min(self._threads, len(messages))):
            threading.Thread(target=work, name="site", daemon=True).start()
        left = len(messages)
        try:
            while left and (patience := min(LOOK_SECONDS, deadline - time.monotonic())) > 0:
                self.stop.check()
                try:
                    reply = done.get(timeout=patience)
                except queue.Empty:
                    continue
                if isinstance(reply, IndexError):
                    continue
                if isinstance(reply, BaseException):
                    raise reply
                left -= 1
                yield [reply]
        finally:
            waiting.clear()
            mine.stop.set()


def position_of(message: Message) -> int:
    """Return the position of the site that a message goes to."""
    return message.metadata.dst_node_id - FIRST_SITE


def answer(client: ClientApp, message: Message, context: object, here: Here) -> Message:
    """Return the ClientApp's reply, or an error reply when it raises anything but Cancelled."""
    token = HERE.set(here)
    try:
        return client(message, context)  # type: ignore[arg-type]
    except Cancelled:
        raise
    except Exception as error:
        return Message(Error(FAILED, failure_reason(error)), reply_to=message)
    finally:
        HERE.reset(token)
