"""A virtual environment for every peer, so that its packages never mix with MedHive's.

It holds only what MedHive's own environment lacks or has in another version; all else, PyTorch above all, it shares
through a path file. So it is made in seconds, and every system computes with the very same PyTorch.
"""

import hashlib
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"


class NotInstalled(Exception):
    """An environment could not be made; the message is one line that says why."""


def python_of(name: str, folder: Path) -> Path:
    """Return the Python of the environment with requirements/``name``.txt, made in ``folder`` where it is not there.

    Raises
    ------
    NotInstalled
        With the installer's last word.
    """
    requirements = REQUIREMENTS / f"{name}.txt"
    shared = sysconfig.get_path("purelib")
    place = folder / name
    python = place / "bin" / "python"
    stamp = place / "made-from"
    made_from = hashlib.sha256(f"{sys.version} {shared} {requirements.read_text()}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == made_from:
        return python
    try:
        venv.create(place, clear=True, with_pip=False)
    except OSError as error:
        raise NotInstalled(f"no environment in {place}: {error.strerror or error}") from None
    own = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    (own / "shared.pth").write_text(f"{shared}\n")  # after the environment's own packages, so those come first
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", str(requirements)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), *install], capture_output=True, text=True
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise NotInstalled(f"pip could not install {name}: {errors[-1].removeprefix('ERROR: ')}")
    stamp.write_text(made_from)
    return python


def version_of(name: str) -> str:
    """Return name and exact version of the peer, the first requirement of its file."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if "==" in line).partition("==")[2]
