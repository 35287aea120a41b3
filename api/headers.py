"""What every response says to the browser about safety, and what the access log may not say about requests."""

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}


class SafeHeaders:
    """ASGI middleware: no guessing of types, no frames of other web sites, no addresses told to them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and add the headers where the response has none of its own."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class WithoutQuery(logging.Filter):
    """Takes the query out of uvicorn's access log: it may hold a sign-in code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the address in a record of (client, method, address, version, status); keeps every record."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            record.args = (client, method, str(address).partition("?")[0], version, status)
        return True


def keep_queries_out_of_the_log() -> None:
    """Install the filter on uvicorn's access log."""
    logging.getLogger("uvicorn.access").addFilter(WithoutQuery())
