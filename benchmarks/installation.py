"""A running installation of MedHive in a home of its own, and a browser to use it; for benchmarks and browser tests."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from settings import ROOT

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Installation:
    """Where a running installation answers, its home, and the seconds from its start to its first answer."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    seconds_to_health: float


def chromium_path() -> str | None:
    """Return the path of an installed Chromium or Chrome, None without one."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def running(home: Path, *, demo: bool = True, patience: float = 120) -> Iterator[Installation]:
    """Migrate ``home``, serve MedHive on a free port until the block ends, then interrupt it like Ctrl-C.

    Raises
    ------
    RuntimeError
        When the installation does not answer within ``patience`` seconds; holds the end of its log.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"MEDHIVE_HOME": str(home), "MEDHIVE_DEMO": "1" if demo else "0"}
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "data", "migrate"], cwd=ROOT, env=environment, check=True)
    log = home / "app.log"
    start = time.monotonic()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}/api/health", timeout=2).close()  # noqa: S310 - own loopback address
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() - start > patience:
                    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                    raise RuntimeError(f"MedHive did not answer at {url}: {tail}") from error
                time.sleep(0.05)
        yield Installation(url, home, process, time.monotonic() - start)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


@contextmanager
def browser() -> Iterator[Browser]:
    """Open the installed Chromium, headless, and close it at the end."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()
