"""Command line of the benchmarks: ``python -m benchmarks first-light``."""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from settings import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Run a benchmark, print its table, and write it as JSON when asked; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements of MedHive.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    first_light = commands.add_parser("first-light", help="how long a person waits in the browser")
    first_light.add_argument("--repetitions", type=int, default=5, help="how often each is measured (default 5)")
    first_light.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    chosen = parser.parse_args(arguments)

    from benchmarks.first_light import measure

    figures = measure(chosen.repetitions)
    for name, figure in figures.items():
        print(f"{name:22} {figure['median']:7.2f} s   {figure['values']}")
    if chosen.json:
        report = {
            "figures": figures,
            "machine": machine(),
            "commit": commit(),
            "command": "python -m benchmarks " + " ".join(sys.argv[1:]),
        }
        chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def machine() -> str:
    """Return the machine in words: processor architecture, cores, system, Python."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def commit() -> str:
    """Return the commit that was measured, "unknown" outside a checkout."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
