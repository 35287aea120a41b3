"""Three sites that train over TLS with their own keys and vaults, while processes are killed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from data.database import migrate
from fl.deploy import nodes
from fl.deploy.bundle import Bundle
from fl.deploy.certificates import ensure_certificates
from fl.deploy.hub import Hub
from fl.deploy.registration import revoke
from fl.deploy.site import SiteError, SiteProcess
from fl.federation import Outcome, federate
from fl.grid.superlink import NodeLink, Refused
from fl.request import RunRequest
from fl.watcher import Stop
from tests.fl.deploy.hive import SITES, TASK, Hive, at
from tests.fl.told import Told

pytestmark = pytest.mark.slow

SIMULATED = RunRequest(TASK, sites=SITES, rounds=3, executor="in-process", benefit=False)


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hive]:
    made = Hive(tmp_path_factory.mktemp("hive"))
    try:
        made.start()
        with at(made.hub):
            yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def simulated(hive: Hive) -> Outcome:
    return federate(SIMULATED, watcher=Told(), stop=Stop())


def train(told: Told | None = None, **changes: object) -> Outcome:
    request = nodes.with_nodes(replace(SIMULATED, executor="deployed", **changes))  # type: ignore[arg-type]
    return federate(request, watcher=told or Told(), stop=Stop())


def once(wanted: str, act: Callable[[], None]) -> Told:
    """A watcher that acts when it is told something for the first time."""
    done: list[str] = []

    def on(what: str) -> None:
        if what == wanted and not done:
            done.append(what)
            act()

    return Told(on=on)


def same(one: Outcome, other: Outcome) -> bool:
    return bool(np.abs(one.weights - other.weights).max() <= 1e-6)


def test_real_sites_give_the_weights_of_the_simulation(hive: Hive, simulated: Outcome) -> None:
    outcome = train(benefit=True)
    assert outcome.executor == "deployed"
    assert [site.name for site in outcome.sites] == ["Clinic 0", "Clinic 1", "Clinic 2"]
    assert same(outcome, simulated)
    assert sorted(outcome.benefit) == [0, 1, 2]  # and no pooled model: nobody may pool their rows


def test_a_site_that_is_killed_and_started_again_takes_part_in_every_round(hive: Hive, simulated: Outcome) -> None:
    def restart() -> None:
        hive.kill_site(1)
        hive.start_site(1)

    outcome = train(once("round 2", restart))
    assert [result.replies for result in outcome.rounds[1:]] == [3, 3, 3]
    assert same(outcome, simulated)


def test_a_superlink_that_is_killed_is_started_again_and_the_run_goes_on(hive: Hive, simulated: Outcome) -> None:
    outcome = train(once("round 2", hive.kill_superlink))
    assert [result.replies for result in outcome.rounds[1:]] == [3, 3, 3]
    assert same(outcome, simulated)


def test_a_key_that_no_admin_registered_is_refused(hive: Hive, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    bundle = Bundle.read(hive.bundles[0])
    stranger = ec.generate_private_key(ec.SECP384R1())
    with NodeLink(bundle.address, bundle.certificate.encode(), stranger) as link, pytest.raises(Refused):
        link.activate(0)
    with (
        NodeLink(bundle.address, bundle.certificate.encode(), stranger) as link,
        pytest.raises(Refused, match="HTTP 401"),
    ):
        link.receive()


def test_a_server_with_a_certificate_of_another_authority_is_refused(hive: Hive, tmp_path: Path) -> None:
    ensure_certificates(tmp_path / "impostor", "localhost")
    other = (tmp_path / "impostor" / "ca.crt").read_text()
    bundle = replace(Bundle.read(hive.bundles[0]), certificate=other)
    with at(tmp_path / "site"):
        migrate()
        with pytest.raises(SiteError, match="does not vouch for"):
            SiteProcess(bundle, Stop()).run()


def test_what_flower_leaves_unprotected_cannot_be_reached_from_outside(hive: Hive) -> None:
    hub = Hub.read()
    for path in ("/v1/control/start-run", "/v1/control/register-node", "/v1/runtime/acquire-task", "/docs"):
        answer = httpx.post(f"https://{hub.address}{path}", verify=str(hive.hub / "deploy" / "ca.crt"))
        assert answer.status_code == 404, path


def test_a_site_that_stays_away_is_left_out_by_name_and_one_that_is_shut_out_too(
    hive: Hive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from settings import get_settings

    monkeypatch.setattr(get_settings(), "site_patience", 0.5)
    request = nodes.with_nodes(replace(SIMULATED, executor="deployed", rounds=2))
    away = nodes.nodes()[2]
    revoke(away.id, by=None)
    outcome = federate(request, watcher=Told(), stop=Stop())
    assert [[failure.site for failure in result.failures] for result in outcome.rounds[1:]] == [[away.name]] * 2
    assert away.number not in nodes.with_nodes(replace(SIMULATED, executor="deployed")).nodes
