"""Command line of the accounts: ``python -m accounts create-admin --email E --name N``."""

import argparse
import getpass
import sys

from accounts.people import AccountError, create_admin


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 0 done, 2 wrong input, 130 cancelled."""
    parser = argparse.ArgumentParser(prog="python -m accounts", description="Manage the people of this installation.")
    commands = parser.add_subparsers(dest="command", required=True)
    admin = commands.add_parser("create-admin", help="make an admin; the password is asked for, twice")
    admin.add_argument("--email", required=True)
    admin.add_argument("--name", required=True)
    given = parser.parse_args(arguments)
    try:
        return _create_admin(given.email, given.name)
    except (KeyboardInterrupt, EOFError):
        print("cancelled; no account was made", file=sys.stderr)
        return 130


def _create_admin(email: str, name: str) -> int:
    from data.database import migrate

    # Asked, never an argument or a variable: both can be read by other processes and land in histories.
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        print("the two passwords differ; no account was made", file=sys.stderr)
        return 2
    migrate()
    try:
        person = create_admin(email, name, password)
    except AccountError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{person.name} <{person.email}> is an admin now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
