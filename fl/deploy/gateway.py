"""The one door through which sites come in.

Flower's SuperLink serves everything on one port and asks nobody who registers machines or starts runs for a password,
so it listens on this machine only. From outside, only what Flower asks a site's key for is passed on to it, and one
address of ours where a site says that it is there, signed with its key.
"""

import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fl.deploy.hub import Hub
from fl.deploy.node_key import signed_by
from fl.deploy.nodes import NodeError, NodeView, said_hello

LARGEST_BODY = 256_000_000  # bytes; a model of 60 million weights
LARGEST_HELLO = 64_000
CLOCK_SECONDS = 300.0
SIGNATURE = "x-medhive-signature"
_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"}  # of one connection only


class _Wrong(Exception):
    """What came in is refused; the message is a sentence for whoever sent it."""


def gateway(hub: Hub) -> Starlette:
    """Return the application that listens to the outside."""
    trusted = ssl.create_default_context(cadata=hub.certificate.decode())

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=f"https://{hub.superlink}", verify=trusted, timeout=60.0) as client:
            app.state.superlink = client
            yield

    routes = [
        Route("/v1/fleet/{path}", _fleet, methods=["POST"]),
        Route("/medhive/hello", _hello, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _fleet(request: Request) -> Response:
    """Pass on what Flower itself protects by the site's key."""
    try:
        body = await _body(request, LARGEST_BODY)
    except _Wrong as error:
        return PlainTextResponse(str(error), status_code=413)
    headers = [(name, value) for name, value in request.headers.items() if name not in _HOP]
    client: httpx.AsyncClient = request.app.state.superlink
    try:
        answer = await client.post(f"/v1/fleet/{request.path_params['path']}", content=body, headers=headers)
    except httpx.TransportError:
        return PlainTextResponse("the SuperLink is not there at the moment", status_code=503)
    kept = {name: value for name, value in answer.headers.items() if name not in _HOP | {"content-encoding"}}
    return Response(answer.content, status_code=answer.status_code, headers=kept)


async def _hello(request: Request) -> Response:
    """Note who is there, and say whether it is registered."""
    try:
        body = await _body(request, LARGEST_HELLO)
        node = await run_in_threadpool(_noted, body, request.headers.get(SIGNATURE, ""))
    except (_Wrong, NodeError) as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return JSONResponse({"state": node.state, "site": node.name, "number": str(node.number)})


def _noted(body: bytes, signature: str) -> NodeView:
    try:
        said: dict[str, Any] = json.loads(body)
        name, public_key, at, offers = said["site"], said["public_key"], float(said["at"]), said["offers"]
    except (ValueError, KeyError, TypeError):
        raise _Wrong("a hello is a JSON object with site, public_key, offers and at.") from None
    if not isinstance(public_key, str) or not signed_by(public_key, body, signature):
        raise _Wrong("the signature does not fit the key.")
    if abs(at - time.time()) > CLOCK_SECONDS:
        raise _Wrong(f"the clocks differ by {abs(at - time.time()):.0f} seconds: set this machine's.")
    return said_hello(str(name), public_key, offers)


async def _body(request: Request, largest: int) -> bytes:
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > largest:
            raise _Wrong(f"more than {largest} bytes")
    return bytes(found)
