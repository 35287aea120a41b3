"""The door to the outside: signed hellos come in, Flower's own addresses for sites are passed on, nothing else."""

import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from fl.deploy.certificates import ensure_certificates
from fl.deploy.gateway import SIGNATURE, gateway
from fl.deploy.hub import Hub, hub_folder
from fl.deploy.node_key import public_pem, sign

KEY = ec.generate_private_key(ec.SECP384R1())


@pytest.fixture
def outside(home: Path) -> TestClient:
    ensure_certificates(hub_folder(), "localhost")
    return TestClient(gateway(Hub("localhost", 9092, 1)))


def hello(outside: TestClient, key: ec.EllipticCurvePrivateKey = KEY, **changes: object) -> tuple[int, dict[str, str]]:
    said = {"site": "Clinic", "public_key": public_pem(KEY), "offers": {}, "at": time.time(), **changes}
    body = json.dumps(said).encode()
    with outside as client:
        answer = client.post("/medhive/hello", content=body, headers={SIGNATURE: sign(key, body)})
    return answer.status_code, answer.json()


def test_a_signed_hello_is_told_that_it_waits(outside: TestClient) -> None:
    assert hello(outside) == (200, {"state": "waiting", "site": "Clinic", "number": "0"})


def test_a_hello_signed_with_another_key_is_refused(outside: TestClient) -> None:
    code, told = hello(outside, ec.generate_private_key(ec.SECP384R1()))
    assert (code, told["error"]) == (400, "the signature does not fit the key.")


def test_a_machine_whose_clock_is_wrong_is_told_so(outside: TestClient) -> None:
    code, told = hello(outside, at=time.time() - 4000)
    assert code == 400
    assert "clocks differ by 4000 seconds" in told["error"]


def test_a_hello_of_another_form_is_refused(outside: TestClient) -> None:
    with outside as client:
        answer = client.post("/medhive/hello", content=b"[]")
    assert (answer.status_code, "JSON object" in answer.json()["error"]) == (400, True)


def test_only_what_flower_asks_a_key_for_is_passed_on(outside: TestClient) -> None:
    with outside as client:
        passed = client.post("/v1/fleet/pull-messages", content=b"")
        refused = [client.post(path).status_code for path in ("/v1/control/start-run", "/v1/runtime/acquire-task")]
        sly = client.post("/v1/fleet/../control/start-run").status_code
        encoded = client.post("/v1/fleet/..%2Fcontrol%2Fstart-run").status_code
    assert passed.status_code == 503  # no SuperLink is there
    assert (refused, sly, encoded) == ([404, 404], 404, 404)
