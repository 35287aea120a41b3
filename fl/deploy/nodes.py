"""The machines of real sites: who asks to connect, who may, and what rows they say they have."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from accounts import audit
from data.database import Node, now, transaction
from data.sites import ensure_site
from fl.request import RequestError, RunRequest
from fl.watcher import SiteInfo

NodeStatus = Literal["waiting", "registered", "revoked"]
Offers = Mapping[str, Mapping[str, int]]  # task → rows, positives and how many of them are synthetic

AWAY_SECONDS = 45.0  # sites say what they have every 15 seconds
MOST_WAITING = 100  # anybody who reaches the server can ask
WAITING_DAYS = 7
_TASKS, _ROWS = 100, 10**9


class NodeError(ValueError):
    """It cannot be done; the message is a sentence."""


@dataclass(frozen=True)
class NodeView:
    """A site's machine as pages and commands show it."""

    id: int
    name: str
    fingerprint: str
    state: NodeStatus
    seen_at: datetime
    created_at: datetime
    site_id: int | None = None
    number: int = 0
    offers: Offers = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether it is registered and said so a moment ago."""
        return self.state == "registered" and now() - self.seen_at < timedelta(seconds=AWAY_SECONDS)


def fingerprint(public_key: str) -> str:
    """Return the 32 hexadecimal digits, in groups of four, by which people compare a key (PEM) on the telephone.

    Raises
    ------
    NodeError
        When it is no public key.
    """
    try:
        key = serialization.load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise NodeError("this is not a public key in PEM form.") from None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digits = hashlib.sha256(der).hexdigest()[:32]
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def said_hello(name: str, public_key: str, offers: Offers) -> NodeView:
    """Note that the holder of this key is there and what it has; a new key waits to be registered.

    Raises
    ------
    NodeError
        When the key or the offers are not of the right form, or too many keys wait already.
    """
    fingerprint(public_key)
    offers = _checked(offers)
    with transaction() as session:
        node = session.scalar(select(Node).where(Node.public_key == public_key))
        if node is None:
            _forget_stale(session)
            if session.scalar(select(func.count()).where(Node.state == "waiting")) >= MOST_WAITING:  # type: ignore[operator]
                raise NodeError(f"{MOST_WAITING} machines wait to be registered already: ask an admin to look at them.")
            node = Node(name=_plain(name), public_key=public_key, state="waiting")
            session.add(node)
            session.flush()
            audit.record("machine asks to connect", f"{node.name} {fingerprint(public_key)}", by=None, session=session)
        node.seen_at = now()
        if node.state != "revoked":
            node.offers = {task: dict(offer) for task, offer in offers.items()}
        return _view(node)


def mark_registered(node_id: int, number: int, site_name: str, *, by: int | None) -> NodeView:
    """Write down that the SuperLink knows a node by this number, and whose it is.

    Raises
    ------
    NodeError
        When there is no such node, or the site has another one.
    """
    with transaction() as session:
        node = _get(session, node_id)
        try:
            site = ensure_site(session, site_name)
        except ValueError as error:
            raise NodeError(str(error)) from None
        check_free(session, site.id, node_id)
        node.site_id, node.site, node.name = site.id, site, site.name
        node.number, node.state = str(number), "registered"
        audit.record("registered a site's machine", _subject(node), by=by, session=session)
        return _view(node)


def mark_revoked(node_id: int, *, by: int | None) -> NodeView:
    """Write down that a node may connect no more; it stays in the list."""
    with transaction() as session:
        node = _get(session, node_id)
        node.state, node.offers = "revoked", {}
        audit.record("revoked a site's machine", _subject(node), by=by, session=session)
        return _view(node)


def check_free(session: Session, site_id: int, node_id: int) -> None:
    """Refuse a second node of one site: its rows would count twice.

    Raises
    ------
    NodeError
        When it has one.
    """
    other = session.scalar(
        select(Node).where(Node.site_id == site_id, Node.state == "registered", Node.id != node_id).limit(1)
    )
    if other is not None:
        raise NodeError(f"{other.name} has a registered machine ({other.id}) already: revoke that one first.")


def nodes() -> list[NodeView]:
    """Return all of them: those that wait first, then by name."""
    order = {"waiting": 0, "registered": 1, "revoked": 2}
    with transaction() as session:
        found = [_view(node) for node in session.scalars(select(Node))]
    return sorted(found, key=lambda node: (order[node.state], node.name, node.id))


def find(text: str) -> NodeView:
    """Return the node with this number in the list, fingerprint or name.

    Raises
    ------
    NodeError
        When there is none, or more than one.
    """
    wanted = text.replace(" ", "").lower()
    found = [
        node
        for node in nodes()
        if wanted in {str(node.id), node.fingerprint.replace(" ", ""), node.name.replace(" ", "").lower()}
    ]
    if len(found) != 1:
        what = "no machine is" if not found else f"{len(found)} machines are"
        raise NodeError(f"{what} called {text!r}: give the number that python -m fl deploy list shows.")
    return found[0]


def public_key_of(node_id: int) -> str:
    """Return a node's public key as PEM."""
    with transaction() as session:
        return _get(session, node_id).public_key


def with_nodes(request: RunRequest) -> RunRequest:
    """Return ``request`` with the nodes that take part, if it is for real sites.

    Those it names by their number in the list, or else all that are connected and have rows for the task.
    """
    if request.executor != "deployed":
        return request
    known = nodes()
    if request.nodes:
        numbers = {node.id: node.number for node in known if node.number}
        chosen = tuple(numbers.get(node, node) for node in request.nodes)
    else:
        ready = [node for node in known if node.connected and node.offers.get(request.task, {}).get("rows")]
        chosen = tuple(node.number for node in sorted(ready, key=lambda node: node.id))
    return replace(request, sites=0, nodes=chosen)


def roster(request: RunRequest) -> list[SiteInfo]:
    """Return the sites of a run on real sites, in the order of ``request.nodes``.

    Raises
    ------
    RequestError
        When a node is not known here.
    """
    known = {node.number: node for node in nodes() if node.number}
    if missing := [number for number in request.nodes if number not in known]:
        raise RequestError(f"no machine has the number {missing[0]}: ask for a new run.")
    found: list[SiteInfo] = []
    for position, number in enumerate(request.nodes):
        node = known[number]
        offer = node.offers.get(request.task, {})
        rows, positives, synthetic = (offer.get(name, 0) for name in ("rows", "positives", "synthetic"))
        found.append(SiteInfo(position, node.name, rows, positives, synthetic, site_id=node.site_id))
    return found


def _checked(offers: Offers) -> Offers:
    wrong = NodeError("offers must name tasks with rows, positives and synthetic as whole numbers.")
    if not isinstance(offers, Mapping) or len(offers) > _TASKS:
        raise wrong
    for task, offer in offers.items():
        if not isinstance(task, str) or len(task) > 60 or not isinstance(offer, Mapping):
            raise wrong
        if set(offer) != {"rows", "positives", "synthetic"} or not _whole(list(offer.values())):
            raise wrong
    return offers


def _whole(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _ROWS for value in values)


def _forget_stale(session: Session) -> None:
    session.execute(delete(Node).where(Node.state == "waiting", Node.seen_at < now() - timedelta(days=WAITING_DAYS)))


def _plain(name: str) -> str:
    return "".join(letter for letter in str(name) if letter.isprintable())[:120].strip() or "unnamed"


def _get(session: Session, node_id: int) -> Node:
    node = session.get(Node, node_id)
    if node is None:
        raise NodeError(f"there is no machine {node_id}: see python -m fl deploy list.")
    return node


def _subject(node: Node) -> str:
    return f"{node.name} {fingerprint(node.public_key)}"


def _view(node: Node) -> NodeView:
    return NodeView(
        id=node.id,
        name=node.site.name if node.site else node.name,
        fingerprint=fingerprint(node.public_key),
        state=node.state,  # type: ignore[arg-type]
        seen_at=node.seen_at,
        created_at=node.created_at,
        site_id=node.site_id,
        number=int(node.number or 0),
        offers=node.offers,
    )
