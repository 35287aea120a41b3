"""MLflow's own pages as a process that ends with the app: ``python -m fl.mlflow_page --parent PID --port N``."""

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from fl.tracking import prepare, store_address
from settings import get_settings


def main() -> int:
    """Show the pages on 127.0.0.1 until told to end or until ``--parent`` is gone."""
    parser = argparse.ArgumentParser(prog="python -m fl.mlflow_page")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    prepare()
    artifacts = (get_settings().home / "mlartifacts").as_uri()
    where = ["--backend-store-uri", store_address(), "--default-artifact-root", artifacts]
    address = ["--host", "127.0.0.1", "--port", str(given.port), "--workers", "1"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *where, *address],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    )
    try:
        while server.poll() is None and os.getppid() == given.parent:
            time.sleep(0.2)
        return server.returncode or 0
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with suppress(ProcessLookupError):
            os.killpg(0, signal.SIGTERM)  # the server's own children too: all are of this session
        with suppress(subprocess.TimeoutExpired):
            server.wait(3)
        if server.poll() is None:
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
