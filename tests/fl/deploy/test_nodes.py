"""Machines of real sites: an unknown key waits, an admin decides, and only the connected train."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import update

from accounts.audit import entries
from data.database import Node, now, transaction
from fl.deploy import nodes
from fl.deploy.node_key import public_pem
from fl.deploy.nodes import NodeError
from fl.request import RequestError, RunRequest

OFFER = {"breast_cancer": {"rows": 50, "positives": 20, "synthetic": 0}}
ASKED = RunRequest("breast_cancer", executor="deployed")


def key() -> str:
    return public_pem(ec.generate_private_key(ec.SECP384R1()))


def registered(name: str, number: int) -> nodes.NodeView:
    return nodes.mark_registered(nodes.said_hello(name, key(), OFFER).id, number, name, by=None)


def test_an_unknown_key_waits_and_takes_part_in_nothing(home: Path) -> None:
    node = nodes.said_hello("Clinic", key(), OFFER)
    assert (node.state, node.connected, node.number) == ("waiting", False, 0)
    assert nodes.with_nodes(ASKED).nodes == ()


def test_a_registered_and_connected_machine_is_a_site_of_the_run(home: Path) -> None:
    number = 2**64 - 3  # the SuperLink's numbers take all 64 bits
    node = registered("Clinic", number)
    request = nodes.with_nodes(ASKED).validated()
    (site,) = nodes.roster(request)
    assert request.nodes == (number,)
    assert (site.name, site.samples, site.positives, site.site_id) == ("Clinic", 50, 20, node.site_id)
    assert RunRequest.from_json(request.plan) == request


def test_a_machine_may_be_named_by_its_number_in_the_list(home: Path) -> None:
    registered("One", 11), registered("Two", 12)
    assert nodes.with_nodes(RunRequest("breast_cancer", executor="deployed", nodes=(2,))).nodes == (12,)


def test_one_that_was_silent_for_a_while_is_not_connected(home: Path) -> None:
    node = registered("Clinic", 5)
    with transaction() as session:
        session.execute(update(Node).where(Node.id == node.id).values(seen_at=now() - timedelta(minutes=5)))
    assert not nodes.nodes()[0].connected
    with pytest.raises(RequestError, match="no connected site has rows for breast_cancer"):
        nodes.with_nodes(ASKED).validated()


def test_a_site_has_one_machine_since_its_rows_would_count_twice(home: Path) -> None:
    registered("Clinic", 5)
    with pytest.raises(NodeError, match="revoke that one first"):
        registered("Clinic", 6)


def test_a_revoked_machine_stays_out_whatever_it_says(home: Path) -> None:
    public_key = key()
    node = nodes.mark_registered(nodes.said_hello("Clinic", public_key, OFFER).id, 5, "Clinic", by=None)
    nodes.mark_revoked(node.id, by=None)
    again = nodes.said_hello("Clinic", public_key, OFFER)
    assert (again.state, again.offers, again.connected) == ("revoked", {}, False)


def test_every_decision_is_in_the_audit_log_with_the_key(home: Path) -> None:
    node = registered("Clinic", 5)
    nodes.mark_revoked(node.id, by=None)
    written = [(entry.action, entry.subject) for entry in entries()]
    subject = f"Clinic {node.fingerprint}"
    assert written == [
        ("revoked a site's machine", subject),
        ("registered a site's machine", subject),
        ("machine asks to connect", subject),
    ]


def test_strangers_cannot_fill_the_list(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST_WAITING", 2)
    for _ in range(2):
        nodes.said_hello("Stranger", key(), {})
    with pytest.raises(NodeError, match="wait to be registered already"):
        nodes.said_hello("Stranger", key(), {})


@pytest.mark.parametrize(
    "offers",
    [[], {"t": 3}, {"t": {"rows": 1}}, {"t": {"rows": -1, "positives": 0, "synthetic": 0}}],
    ids=["list", "number", "incomplete", "negative"],
)
def test_offers_of_another_form_are_refused(home: Path, offers: object) -> None:
    with pytest.raises(NodeError, match="offers must name tasks"):
        nodes.said_hello("Clinic", key(), offers)  # type: ignore[arg-type]


def test_what_is_no_key_is_refused(home: Path) -> None:
    with pytest.raises(NodeError, match="not a public key"):
        nodes.said_hello("Clinic", "-----BEGIN", OFFER)
