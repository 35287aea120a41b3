"""Command line of the data package: ``python -m data migrate``."""

import argparse
import sys
from collections.abc import Sequence

from data import database


def _migrate(_arguments: argparse.Namespace) -> int:
    database.migrate()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m data", description="Files, tables and the database.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("migrate", help="bring the database to the newest schema").set_defaults(act=_migrate)
    arguments = parser.parse_args(argv)
    code: int = arguments.act(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
