"""A server on loopback that speaks Groq's protocol, well or badly as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]
USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}
MODELS = ("openai/gpt-oss-120b", "openai/gpt-oss-20b", "whisper-large-v3", "meta-llama/llama-guard-4-12b")


class Handler(BaseHTTPRequestHandler):
    """Answers with the next behaviour of the server; the last one stays."""

    protocol_version = "HTTP/1.1"
    server: "Stub"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in MODELS]
        self.whole(200, {"object": "list", "data": data})

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.server.keys.append(self.headers["authorization"])
        behaviours = self.server.behaviours
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        try:
            behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def whole(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send one JSON answer."""
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(raw)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def begin(self) -> None:
        """Begin a stream; it ends with the connection."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def delta(self, content: str, finish: str | None = None, **more: Any) -> None:
        """Send one chunk."""
        choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": finish}
        head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        self.event(json.dumps({**head, "choices": [choice], **more}))


class Stub(ThreadingHTTPServer):
    """The server; ``asked`` holds the bodies of all requests."""

    daemon_threads = True

    def __init__(self, behaviours: list[Behaviour]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours = behaviours
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def groq_stub(*behaviours: Behaviour) -> Iterator[Stub]:
    """Serve; each request meets the next behaviour, the last one for ever."""
    stub = Stub(list(behaviours))
    thread = threading.Thread(target=stub.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.shutdown()
        stub.server_close()
        thread.join()


def says(text: str, *, finish: str = "stop", slowly: float = 0.0) -> Behaviour:
    """Stream ``text`` in pieces of a few letters, as Groq does, with its reasoning and its count of tokens."""

    def behave(handler: Handler) -> None:
        handler.begin()
        handler.delta("", reasoning="The user asks. I look at the passages.")
        for start in range(0, len(text), 7):
            handler.delta(text[start : start + 7])
            time.sleep(slowly)
        handler.delta("", finish, x_groq={"id": "x", "usage": USAGE})
        handler.event("[DONE]")

    return behave


def refuses(status: int, headers: dict[str, str] | None = None) -> Behaviour:
    """Answer with an error of this status."""
    return lambda handler: handler.whole(status, {"error": {"message": "No.", "type": "x"}}, headers)


def hangs(seconds: float) -> Behaviour:
    """Say nothing for this long."""
    return lambda _handler: time.sleep(seconds)


def cut(text: str) -> Behaviour:
    """Close the connection in the middle of an answer, without a finish reason and without an error."""

    def behave(handler: Handler) -> None:
        handler.begin()
        handler.delta(text)

    return behave


def malformed(handler: Handler) -> None:
    """Send a chunk that is no JSON."""
    handler.begin()
    handler.delta("The main ")
    handler.event('{"choices": [{"delta": {"con')


def fails_within(handler: Handler) -> None:
    """Send an error inside the stream, as Groq does when a model breaks down."""
    handler.begin()
    handler.delta("The main ")
    handler.event(json.dumps({"error": {"message": "over capacity", "type": "x"}}))


def empty(handler: Handler) -> None:
    """End well without a word."""
    handler.begin()
    handler.delta("", "stop", x_groq={"id": "x", "usage": USAGE})
    handler.event("[DONE]")


def nothing(handler: Handler) -> None:
    """End without a chunk."""
    handler.begin()
    handler.event("[DONE]")
