"""The server that real sites connect to, as this installation knows it: its addresses and its folder."""

import ipaddress
import json
import re
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from data.whole_file import write_whole
from settings import get_settings

DEFAULT_PORT = 9092
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*\.?")


class HubError(ValueError):
    """There is no server here, or its address is wrong; the message is a sentence."""


@dataclass(frozen=True)
class Hub:
    """Where the server is.

    Parameters
    ----------
    host, port : how sites reach it.
    superlink_port : of Flower's SuperLink, which listens on this machine only.
    """

    host: str
    port: int
    superlink_port: int

    @property
    def address(self) -> str:
        """What sites connect to, ``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def superlink(self) -> str:
        """What this machine's own processes connect to."""
        return f"127.0.0.1:{self.superlink_port}"

    @property
    def certificate(self) -> bytes:
        """The authority's certificate, as PEM."""
        return (hub_folder() / "ca.crt").read_bytes()

    @classmethod
    def read(cls) -> "Hub":
        """Return the server of this installation.

        Raises
        ------
        HubError
            When none was ever started.
        """
        try:
            return cls(**json.loads(_file().read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise HubError(
                "real sites have no server to connect to here: start one with python -m fl deploy server."
            ) from None

    @classmethod
    def made(cls, host: str, port: int) -> "Hub":
        """Return the server with this address, written down for the processes that look for it.

        Raises
        ------
        HubError
            When ``host`` is neither a name nor an IP address.
        """
        _check_host(host)
        try:
            superlink_port = cls.read().superlink_port
        except HubError:
            superlink_port = _free_port()
        hub = cls(host, port, superlink_port)
        hub_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(_file(), json.dumps(asdict(hub)).encode())
        return hub


def hub_folder() -> Path:
    """Return the folder with its certificates and Flower's database."""
    return get_settings().home / "deploy"


def _file() -> Path:
    return hub_folder() / "server.json"


def _check_host(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise HubError(f"{host!r} is no host name and no IP address: give what sites connect to.") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
