"""A site's process: says that it is there, takes messages, and answers them from its own vault.

It calls the ClientApp that is installed here. Code that a server might send is never run.
"""

import fcntl
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import httpx
from flwr.app import Error, Message
from flwr.clientapp import ClientApp

from data import vault
from fl.assignment import assignment, forget
from fl.client_app import FAILED, Here, app
from fl.deploy.bundle import Bundle
from fl.deploy.gateway import SIGNATURE
from fl.deploy.node_key import own_key, public_pem, sign
from fl.deploy.nodes import Offers, fingerprint
from fl.grid.flower import site_context
from fl.grid.in_process import answer
from fl.grid.superlink import NODE_SECONDS, NodeLink, Refused, Unreachable, plain, set_message_id, spoken
from fl.watcher import Cancelled, Stop
from settings import get_settings

HELLO_SECONDS = 15.0
WAITING_SECONDS = 5.0  # between two questions whether the key has been registered
AGAIN_SECONDS = 2.0  # after the server was not there
SHORTEST_LOOK, LONGEST_LOOK = 0.05, 1.0  # between two questions for messages; grows while none come
FORGET_SECONDS = 300.0  # after the last message the rows are dropped from memory


class SiteError(Exception):
    """The site cannot go on; the message is a sentence."""


class SiteProcess:
    """Serves one site until told to end.

    Parameters
    ----------
    bundle : how to reach the server, and know it.
    stop : set to end.
    client : the ClientApp; another one than fl.client_app's stands for sites that misbehave, in tests.
    """

    def __init__(self, bundle: Bundle, stop: Stop, client: ClientApp = app) -> None:
        self._bundle, self._stop, self._client = bundle, stop, client
        self._key = own_key()
        trusted = ssl.create_default_context(cadata=bundle.certificate)
        self._http = httpx.Client(base_url=f"https://{bundle.address}", verify=trusted, timeout=10.0)
        self._number = 0
        self._said = ""
        self._unsent: tuple[Message, float] | None = None

    def run(self) -> None:
        """Serve until told to end.

        Raises
        ------
        SiteError
            When the server is not the right one, does not want this site, or another process serves it already.
        """
        with _only_one(), self._http:
            self._say(f"the key of this site is {fingerprint(public_pem(self._key))}")
            while not self._stop.is_set():
                try:
                    if self._may_connect():
                        self._serve()
                except Unreachable as error:
                    self._say(f"{error} Trying again.")
                    self._wait(AGAIN_SECONDS)
                except Refused as error:
                    self._explain(error)

    def _may_connect(self) -> bool:
        """Say hello; return whether the key is registered, after waiting a little when it is not."""
        state, site = self._hello()
        if state == "revoked":
            raise SiteError(
                f"an admin of {self._bundle.address} has shut this site out: ask why; to join anew, remove "
                f"{get_settings().home / 'deploy' / 'site.key'}."
            )
        if state == "waiting":
            self._say(f"waiting until an admin of {self._bundle.address} has registered this key")
            self._wait(WAITING_SECONDS)
            return False
        self._say(f"connected to {self._bundle.address} as {site}")
        return True

    def _hello(self) -> tuple[str, str]:
        said = {
            "site": self._bundle.site,
            "public_key": public_pem(self._key),
            "offers": own_offers(),
            "at": time.time(),
        }
        body = json.dumps(said).encode()
        with spoken(self._bundle.address):
            response = self._http.post("/medhive/hello", content=body, headers={SIGNATURE: sign(self._key, body)})
            if response.status_code == httpx.codes.BAD_REQUEST:
                raise SiteError(f"{self._bundle.address} refuses: {response.json()['error']}")
            response.raise_for_status()
        told = response.json()
        self._number = int(told["number"])
        return str(told["state"]), str(told["site"])

    def _serve(self) -> None:
        """Answer messages; raises Unreachable or Refused when the connection breaks."""
        ended = Stop(self._stop)
        with NodeLink(self._bundle.address, self._bundle.certificate.encode(), self._key) as link:
            link.activate(self._number)
            alive = threading.Thread(target=self._live, args=(link, ended), name="sign of life", daemon=True)
            alive.start()
            try:
                self._answer_all(link, ended)
            finally:
                ended.set()

    def _answer_all(self, link: NodeLink, ended: Stop) -> None:
        last = time.monotonic() - FORGET_SECONDS
        while not ended.is_set():
            if self._unsent is not None:
                with suppress(Refused):  # the run has ended meanwhile
                    link.reply(*self._unsent)
                self._unsent = None
            message = link.receive()
            if message is None:
                if (quiet := time.monotonic() - last) > FORGET_SECONDS:
                    forget()
                self._wait(min(LONGEST_LOOK, SHORTEST_LOOK + 0.2 * quiet))
                continue
            began = time.perf_counter()
            try:
                reply = reply_to(message, self._number, self._client, ended)
            except Cancelled:
                return
            seconds, last = time.perf_counter() - began, time.monotonic()
            print(f"{datetime.now():%H:%M:%S}  {_described(message, reply)} in {seconds:.2f} s", flush=True)
            self._unsent = reply, seconds

    def _live(self, link: NodeLink, ended: Stop) -> None:
        """Say again and again that this site is there, and what it has."""
        said = time.monotonic()
        while not ended.is_set():
            time.sleep(0.2)
            if time.monotonic() - said < min(NODE_SECONDS / 2, HELLO_SECONDS / 2):
                continue
            said = time.monotonic()
            try:
                link.heartbeat()
                state, _ = self._hello()
            except (Unreachable, Refused, SiteError):
                continue  # the other thread meets the same trouble, and says so
            if state != "registered":
                ended.set()

    def _explain(self, error: Refused) -> None:
        """Go on after a refusal that hello explains better, for example after having been shut out."""
        if "certificate" in str(error):
            raise SiteError(str(error)) from None
        self._say(str(error))
        self._wait(AGAIN_SECONDS)

    def _say(self, text: str) -> None:
        if text != self._said:
            print(f"{datetime.now():%H:%M:%S}  {text}", file=sys.stderr, flush=True)
            self._said = text

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            time.sleep(min(0.1, left))


def own_offers() -> Offers:
    """Return what lies in this installation's vault: task → rows, positives and how many of them are synthetic."""
    found: dict[str, dict[str, int]] = {}
    for receipt in vault.receipts():
        offer = found.setdefault(receipt.task, {"rows": 0, "positives": 0, "synthetic": 0})
        offer["rows"] += receipt.rows
        offer["positives"] += receipt.positives
        offer["synthetic"] += receipt.rows if receipt.synthetic else 0
    return found


def reply_to(message: Message, number: int, client: ClientApp, stop: Stop) -> Message:
    """Return the reply of the site with this number.

    Raises
    ------
    Cancelled
        When ``stop`` is set while it trains.
    """
    try:
        nodes = assignment(message).request.nodes
        position = nodes.index(number)
    except (ValueError, KeyError, TypeError):  # RequestError is a ValueError
        return _sendable(Message(Error(FAILED, "this site takes no part in that run"), reply_to=message))
    if assignment(message).request.executor != "deployed":
        return _sendable(Message(Error(FAILED, "this site answers only to runs on real sites"), reply_to=message))
    return _sendable(answer(client, message, site_context(position, len(nodes)), Here(stop)))


def _sendable(reply: Message) -> Message:
    if reply.has_content():
        reply.content = plain(reply.content)
    set_message_id(reply, "")
    return reply


def _described(message: Message, reply: Message) -> str:
    config = message.content.config_records["config"]
    what = f"round {config['server-round']!r}" if "server-round" in config else message.metadata.message_type
    if reply.has_error():
        return f"{what}: failed, {reply.error.reason},"
    return f"{what}: answered"


@contextmanager
def _only_one() -> Iterator[None]:
    """Hold the lock of this home's site process."""
    path = get_settings().home / "deploy" / "site.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SiteError(f"another process serves this site already: see {path}.") from None
        yield
