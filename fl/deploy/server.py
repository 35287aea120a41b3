"""The server's process: Flower's SuperLink, started again whenever it ends, and the gateway in front of it."""

import asyncio
import fcntl
import logging
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import uvicorn

from fl.deploy.certificates import ensure_certificates
from fl.deploy.gateway import gateway
from fl.deploy.hub import Hub, hub_folder
from settings import get_settings

READY_SECONDS = 60.0
END_SECONDS = 10.0
AGAIN_SECONDS = 1.0
LOOK_SECONDS = 0.1

log = logging.getLogger("fl.deploy.server")


class SuperLink:
    """Keeps ``flower-superlink`` running, on a database that outlasts it.

    Parameters
    ----------
    hub : where it listens.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="superlink", daemon=True)

    def start(self) -> bool:
        """Return when it answers; False when it does not within a minute."""
        _end_left_over()
        self._keeper.start()
        trusted = ssl.create_default_context(cadata=self._hub.certificate.decode())
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and not self._ending.is_set():
            try:
                httpx.get(f"https://{self._hub.superlink}/health", verify=trusted, timeout=2.0)
                return True
            except httpx.TransportError:
                time.sleep(LOOK_SECONDS)
        return False

    def end(self) -> None:
        """End it, and start it no more."""
        self._ending.set()
        self._keeper.join(END_SECONDS + 1.0)

    def _keep(self) -> None:
        path = get_settings().home / "logs" / "superlink.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        while not self._ending.is_set():
            with path.open("ab") as output:
                process = subprocess.Popen(
                    _command(self._hub),
                    env={**os.environ, "FLWR_HOME": str(get_settings().home / "flwr")},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C reaches us only, who end it in order
                )
            while process.poll() is None and not self._ending.wait(LOOK_SECONDS):
                pass
            if self._ending.is_set():
                _end(process)
                return
            log.warning("the SuperLink ended with code %d and is started again; see %s", process.returncode, path)
            self._ending.wait(AGAIN_SECONDS)


def serve(host: str, port: int, listen: str) -> int:
    """Serve until told to end; returns the exit code.

    Parameters
    ----------
    host, port : how sites reach this server.
    listen : IP address of this machine to listen on.
    """
    with _only_one() as alone:
        if not alone:
            print("this installation's server for real sites is running already", file=sys.stderr)
            return 1
        ensure_certificates(hub_folder(), host)
        return _serve(Hub.made(host, port), listen)


def _serve(hub: Hub, listen: str) -> int:
    # uvicorn passes on what ended it; without a handler of ours that would be the end before the SuperLink's.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    superlink, server = SuperLink(hub), _gateway_server(hub, listen)
    try:
        if not superlink.start():
            print(f"the SuperLink does not start: see {get_settings().home}/logs/superlink.log", file=sys.stderr)
            return 1
        print(f"sites connect to {hub.address}; give each its bundle: python -m fl deploy invite NAME", flush=True)
        asyncio.run(server.serve())
    except KeyboardInterrupt:
        return 0
    finally:
        superlink.end()
    return 0 if server.started else 1


def _gateway_server(hub: Hub, listen: str) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            gateway(hub),
            host=listen,
            port=hub.port,
            ssl_certfile=str(hub_folder() / "server.crt"),
            ssl_keyfile=str(hub_folder() / "server.key"),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )


@contextmanager
def _only_one() -> Iterator[bool]:
    """Hold the lock of this installation's server; False when another process has it."""
    hub_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (hub_folder() / "server.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _command(hub: Hub) -> list[str]:
    folder = hub_folder()
    return [
        str(Path(sys.executable).with_name("flower-superlink")),
        *("--host", "127.0.0.1", "--port", str(hub.superlink_port)),
        *("--ssl-ca-certfile", str(folder / "ca.crt")),
        *("--ssl-certfile", str(folder / "server.crt"), "--ssl-keyfile", str(folder / "server.key")),
        *("--enable-supernode-auth", "--database", str(_database())),
        *("--isolation", "process", "--disable-runtime-dependency-installation"),
    ]


def _database() -> Path:
    return hub_folder() / "superlink.db"


def _end_left_over() -> None:
    """End the SuperLink of a server that was killed: it holds the port and the database."""
    for process in psutil.process_iter(["cmdline"]):
        if str(_database()) in (process.info["cmdline"] or []):
            process.terminate()
            psutil.wait_procs([process], timeout=END_SECONDS)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
