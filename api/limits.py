"""A body larger than the limit is refused, before it is read when it says its size, else while it arrives."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, answer

MAX_BODY = 5 * 1024 * 1024
_SENTENCE = f"The request is larger than {MAX_BODY // 1024**2} MB; send fewer rows at a time."


class BodyLimit:
    """ASGI middleware that refuses bodies over ``most`` bytes with 413."""

    def __init__(self, app: ASGIApp, most: int = MAX_BODY) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await answer(413, _SENTENCE, scope["path"])(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise Problem(413, _SENTENCE)
            return message

        await self._app(scope, counted, send)
