"""``python -m fl deploy``: the server for real sites, and the process at each of them."""

import argparse
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

DONE, FAILED, WRONG = 0, 1, 2


def add_commands(deploy: argparse.ArgumentParser) -> None:
    """Add the subcommands and their arguments to the parser of ``deploy``."""
    commands = deploy.add_subparsers(required=True, metavar="COMMAND", parser_class=type(deploy))

    server = commands.add_parser("server", help="serve real sites from this machine until ended")
    server.add_argument("--host", help="name or IP address by which sites reach this machine; needed the first time")
    server.add_argument("--port", type=_port, help="port that sites connect to, 9092 unless told")
    server.add_argument("--listen", default="0.0.0.0", metavar="IP", help="listen on this address only")  # noqa: S104
    server.set_defaults(command=_server)

    invite = commands.add_parser("invite", help="write the bundle with which a site joins")
    invite.add_argument("name", metavar="NAME", help="name of the organisation")
    invite.add_argument("--out", type=Path, metavar="FILE", help="where to write it")
    invite.set_defaults(command=_invite)

    listing = commands.add_parser("list", help="list the machines of sites: waiting, registered, revoked")
    listing.set_defaults(command=_list)

    register = commands.add_parser("register", help="let a machine connect, after comparing its key by telephone")
    register.add_argument("machine", metavar="MACHINE", help="its number, key or name in the list")
    register.add_argument("--site", metavar="NAME", help="name of the organisation, when it calls itself otherwise")
    register.set_defaults(command=_register)

    revoke = commands.add_parser("revoke", help="shut a machine out")
    revoke.add_argument("machine", metavar="MACHINE", help="its number, key or name in the list")
    revoke.set_defaults(command=_revoke)

    site = commands.add_parser("site", help="at the site: serve runs from this machine's vault until ended")
    site.add_argument("bundle", type=Path, metavar="BUNDLE", help="file from the server's Contribute page")
    site.set_defaults(command=_site)

    add_data = commands.add_parser("add-data", help="at the site: check a CSV file and keep its rows, encrypted")
    add_data.add_argument("--task", required=True, help="name of the task")
    add_data.add_argument("--synthetic", action="store_true", help="mark the rows as made up, not from patients")
    add_data.add_argument("file", type=Path, metavar="FILE")
    add_data.set_defaults(command=_add_data)

    withdraw = commands.add_parser("withdraw", help="at the site: delete rows; no later run uses them")
    withdraw.add_argument("dataset", type=int, metavar="NUMBER", help="as add-data printed it")
    withdraw.set_defaults(command=_withdraw)


def _server(given: argparse.Namespace) -> int:
    from fl.deploy.hub import DEFAULT_PORT, Hub, HubError
    from fl.deploy.server import serve

    _database()
    try:
        known: Hub | None = Hub.read()
    except HubError:
        known = None
    host = given.host or (known.host if known else None)
    if host is None:
        return _wrong("--host is missing: give the name or IP address by which sites reach this machine.")
    try:
        return serve(host, given.port or (known.port if known else DEFAULT_PORT), given.listen)
    except HubError as error:
        return _wrong(f"--host {error}")


def _invite(given: argparse.Namespace) -> int:
    from fl.deploy.bundle import Bundle
    from fl.deploy.hub import Hub, HubError

    try:
        bundle = Bundle.of(given.name, Hub.read())
    except HubError as error:
        return _wrong(str(error))
    path = given.out or Path(bundle.filename)
    try:
        path.write_text(bundle.to_json(), encoding="utf-8")
    except OSError as error:
        return _wrong(f"{path} cannot be written: {error.strerror}.")
    print(f"{path}: give it to {bundle.site}; there: python -m fl deploy site {path.name}")
    return DONE


def _list(_: argparse.Namespace) -> int:
    from fl.deploy.nodes import nodes

    _database()
    found = nodes()
    for node in found:
        state = "connected" if node.connected else node.state
        rows = ", ".join(f"{task} {offer['rows']}" for task, offer in sorted(node.offers.items())) or "no rows"
        seen = f"{node.seen_at.astimezone():%Y-%m-%d %H:%M}"
        print(f"{node.id:>4}  {state:<10}  {node.fingerprint}  seen {seen}  {node.name}: {rows}")
    if not found:
        print("no site has asked to connect yet")
    return DONE


def _register(given: argparse.Namespace) -> int:
    from fl.deploy.nodes import NodeError, find
    from fl.deploy.registration import register

    _database()
    try:
        node = find(given.machine)
        node = register(node.id, site=given.site or node.name, by=None)
    except NodeError as error:
        return _wrong(str(error))
    print(f"{node.name} may connect with the key {node.fingerprint}")
    return DONE


def _revoke(given: argparse.Namespace) -> int:
    from fl.deploy.nodes import NodeError, find
    from fl.deploy.registration import revoke

    _database()
    try:
        node = revoke(find(given.machine).id, by=None)
    except NodeError as error:
        return _wrong(str(error))
    print(f"{node.name} can connect no more with the key {node.fingerprint}")
    return DONE


def _site(given: argparse.Namespace) -> int:
    from fl.deploy.bundle import Bundle, BundleError
    from fl.deploy.node_key import NodeKeyError
    from fl.deploy.site import SiteError, SiteProcess
    from fl.watcher import Stop

    try:
        bundle = Bundle.read(given.bundle)
    except BundleError as error:
        return _wrong(str(error))
    _database()
    stop = Stop()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    try:
        SiteProcess(bundle, stop).run()
    except NodeKeyError as error:
        return _wrong(str(error))
    except SiteError as error:
        print(error, file=sys.stderr)
        return FAILED
    return DONE


def _add_data(given: argparse.Namespace) -> int:
    from data import vault
    from data.database import transaction
    from data.sites import ensure_site
    from models.contributed import check_file
    from models.registry import UnknownTask, get_task

    try:
        task = get_task(given.task)
        raw = given.file.read_bytes()
    except UnknownTask as error:
        return _wrong(str(error))
    except OSError as error:
        return _wrong(f"{given.file} cannot be read: {error.strerror}.")
    report = check_file(task, raw, source=given.file.name)
    if report.dataset is None:
        more = f" (and {report.problem_count - 1} more)" if report.problem_count > 1 else ""
        return _wrong(f"{given.file} cannot be taken: {report.problems[0]}{more}")
    dataset = replace(report.dataset, synthetic=report.dataset.synthetic or given.synthetic)
    _database()
    try:
        with transaction() as session:
            site_id = ensure_site(session, "This site").id
        kept = vault.store(
            dataset, task=task.name, site_id=site_id, filename=given.file.name, file_sha256=report.sha256, by=None
        )
    except vault.VaultError as error:
        return _wrong(str(error))
    print(f"dataset {kept.dataset_id}: {kept.rows} rows for {task.name} are in this machine's vault, encrypted")
    return DONE


def _withdraw(given: argparse.Namespace) -> int:
    from data import vault

    _database()
    mine = {receipt.dataset_id: receipt for receipt in vault.receipts(withdrawn=True)}
    if given.dataset not in mine:
        return _wrong(f"there is no dataset {given.dataset} in this machine's vault.")
    try:
        from data.database import DatasetRecord, transaction

        with transaction() as session:
            site_id = session.get_one(DatasetRecord, given.dataset).site_id
        vault.withdraw(given.dataset, site_id=site_id)
    except vault.VaultError as error:
        return _wrong(str(error))
    print(f"dataset {given.dataset} is deleted; {datetime.now():%Y-%m-%d %H:%M}")
    return DONE


def _database() -> None:
    from data.database import migrate

    migrate()


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} must be a port, 1 to 65535")
    return int(text)


def _wrong(sentence: str) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return WRONG
