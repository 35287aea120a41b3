"""Safety headers and the access log."""

import logging

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from api.headers import SafeHeaders, WithoutQuery


def test_every_response_carries_the_headers_and_its_own_stay() -> None:
    own = PlainTextResponse("x", headers={"Referrer-Policy": "no-referrer"})
    app = Starlette(routes=[Route("/", lambda _request: own)], middleware=[Middleware(SafeHeaders)])
    headers = TestClient(app).get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_sign_in_code_does_not_reach_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test.access")
    log.addFilter(WithoutQuery())
    with caplog.at_level(logging.INFO, "test.access"):
        log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/auth/enter?code=secret", "1.1", 303)
    assert caplog.messages == ['127.0.0.1:1 - "GET /auth/enter HTTP/1.1" 303']
