"""The executor for small networks: every site is computed in this process, one after the other."""

from collections.abc import Iterable, Iterator

from flwr.app import Error, Message
from flwr.clientapp import ClientApp

from fl.checks import failure_reason
from fl.client_app import FAILED, STOP, forget
from fl.course import Course
from fl.grid.flower import FIRST_SITE, SiteGrid, server_context, site_context
from fl.server_app import server_app
from fl.watcher import Cancelled, Stop


def execute(course: Course, client: ClientApp) -> None:
    """Run the federation."""
    try:
        server_app(course)(InProcessGrid(client, len(course.sites), course.stop), server_context())
    finally:
        forget()


class InProcessGrid(SiteGrid):
    """Calls the ClientApp directly."""

    def __init__(self, client: ClientApp, sites: int, stop: Stop) -> None:
        super().__init__(sites)
        self._client = client
        self._contexts = [site_context(position, sites) for position in range(sites)]
        self._stop = stop

    def stream(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield one reply after the other."""
        for message in messages:
            self._stop.check()
            yield answer(self._client, message, self._contexts[message.metadata.dst_node_id - FIRST_SITE], self._stop)


def answer(client: ClientApp, message: Message, context: object, stop: Stop | None = None) -> Message:
    """Return the ClientApp's reply, or an error reply when it raises anything but Cancelled."""
    token = STOP.set(stop)
    try:
        return client(message, context)  # type: ignore[arg-type]
    except Cancelled:
        raise
    except Exception as error:
        return Message(Error(FAILED, failure_reason(error)), reply_to=message)
    finally:
        STOP.reset(token)
