"""The command line of federated runs: ``python -m fl run | resume | cancel | list | worker | strategies``.

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on standard error says what), 130 cancelled.
"""

import argparse
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

DONE, FAILED, WRONG, CANCELLED = 0, 1, 2, 130


class WrongInput(Exception):
    """What was asked cannot be done; the message is the line to print."""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """End with the line and the exit code of wrong input."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(WRONG)


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    given = _parser().parse_args(arguments)
    try:
        code: int = given.command(given)
    except WrongInput as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return WRONG
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m fl", description="Federated runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    run = commands.add_parser("run", help="train a task over its sites, in this process")
    run.set_defaults(command=_run)
    run.add_argument("--task", required=True, help="name of the task")
    run.add_argument("--sites", type=int, help="number of sites made from public data, 0 for none")
    run.add_argument("--partition", help="iid, dirichlet:ALPHA or natural")
    run.add_argument("--datasets", type=_numbers, help="numbers of contributed datasets, with commas")
    run.add_argument("--rounds", type=int)
    run.add_argument("--strategy", help="see: python -m fl strategies")
    run.add_argument("--setting", action="append", type=_setting, metavar="NAME=VALUE", help="of the strategy")
    run.add_argument("--local-epochs", type=int)
    run.add_argument("--batch-size", type=int)
    run.add_argument("--learning-rate", type=float)
    run.add_argument("--seed", type=int)
    run.add_argument("--executor", help="auto, in-process, ray or flower")
    run.add_argument("--quorum", type=float, help="part of the sites that must answer a round")
    run.add_argument("--no-benefit", action="store_true", help="leave out what each site would reach alone")
    resume = commands.add_parser("resume", help="go on with a cancelled, failed or waiting run, in this process")
    resume.set_defaults(command=_resume)
    resume.add_argument("run", type=int, metavar="RUN")
    for executing in (run, resume):
        executing.add_argument("--json", type=Path, metavar="FILE", help="write the result as one JSON object")
        executing.add_argument("--no-mlflow", action="store_true", help="leave MLflow to the next worker")
    cancel = commands.add_parser("cancel", help="stop a run, wherever it is executed")
    cancel.set_defaults(command=_cancel)
    cancel.add_argument("run", type=int, metavar="RUN")
    listing = commands.add_parser("list", help="list runs, the newest first")
    listing.set_defaults(command=_list)
    listing.add_argument("--json", type=Path, metavar="FILE", help="write the list as JSON")
    worker = commands.add_parser("worker", help="execute queued runs until ended")
    worker.set_defaults(command=_worker)
    worker.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    strategies = commands.add_parser("strategies", help="list the strategies with their parameters")
    strategies.set_defaults(command=_strategies)
    return parser


def _run(given: argparse.Namespace) -> int:
    from fl import runs
    from fl.lease import new_owner
    from models.registry import UnknownTask, get_task

    _check_writable(given.json)
    names = ("sites", "partition", "datasets", "rounds", "strategy", "local_epochs", "batch_size", "learning_rate")
    asked: dict[str, Any] = {name: getattr(given, name) for name in (*names, "seed", "executor", "quorum")}
    asked["strategy_settings"] = dict(given.setting) if given.setting else None
    asked["benefit"] = False if given.no_benefit else None
    _database()
    owner = new_owner("command")
    try:
        request = runs.RunRequest.for_task(get_task(given.task), **asked)
        run_id = runs.submit(request, by=None, owner=owner)
    except (UnknownTask, runs.RequestError) as error:
        raise WrongInput(error) from None
    return _execute(run_id, owner, request.rounds, given)


def _resume(given: argparse.Namespace) -> int:
    from fl import runs
    from fl.lease import new_owner

    _check_writable(given.json)
    _database()
    owner = new_owner("command")
    try:
        rounds = runs.get_run(given.run).rounds
        runs.resume(given.run, by=None, owner=owner)
    except (runs.UnknownRun, runs.WrongState) as error:
        raise WrongInput(error) from None
    return _execute(given.run, owner, rounds, given)


def _execute(run_id: int, owner: str, rounds: int, given: argparse.Namespace) -> int:
    """Execute a run that ``owner``, this process, holds."""
    from fl import runs
    from fl.batch import LeaseLost
    from fl.engine import Engine
    from fl.execute import Abandoned, execute
    from fl.lease import Lease
    from fl.report import report, sentence
    from fl.terminal import Terminal

    print(f"run {run_id}", file=sys.stderr, flush=True)
    engine, stubborn = Engine(), False
    with Lease(run_id, owner) as lease, Terminal(rounds) as terminal:

        def listen() -> None:  # again and again, because Ray puts a handler of its own in place when it starts
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, lambda *_: lease.end("cancel"))

        listen()
        try:
            execute(lease, engine, also=terminal.around, meanwhile=listen)
        except Abandoned:
            stubborn = True
        except LeaseLost as error:
            print(f"Not finished here: {error}", file=sys.stderr)
            return FAILED
    run = runs.get_run(run_id)
    print(sentence(run), file=sys.stderr if run.status == "failed" else sys.stdout, flush=True)
    if given.json:
        given.json.write_text(json.dumps(report(run), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    code = {"done": DONE, "cancelled": CANCELLED}.get(run.status, FAILED)
    if stubborn:  # its computation goes on, and ends with this process
        return code
    if not given.no_mlflow and run.round and not runs.worker_status().alive:  # else the worker does it
        from fl import tracking

        tracking.track(run_id)
    engine.call(_close).result(timeout=10)
    return code


def _close() -> None:
    from fl.federation import close

    close()


def _cancel(given: argparse.Namespace) -> int:
    from fl import runs

    _database()
    try:
        runs.cancel(given.run, by=None)
    except (runs.UnknownRun, runs.WrongState) as error:
        raise WrongInput(error) from None
    print(f"run {given.run} is being cancelled")
    return DONE


def _list(given: argparse.Namespace) -> int:
    from dataclasses import asdict

    from fl import runs

    _check_writable(given.json)
    _database()
    found = runs.list_runs()
    if given.json:
        rows = [asdict(run) for run in found]
        given.json.write_text(json.dumps(rows, indent=1, default=lambda moment: moment.isoformat()), encoding="utf-8")
    for run in found:
        auc = "" if run.auc is None else f"AUC {run.auc:.3f}"
        moment = run.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        rounds = f"{run.round}/{run.rounds}"
        print(f"{run.id:>5}  {moment}  {run.task:<16} {run.strategy:<10} {run.status:<10} {rounds:>9}  {auc}".rstrip())
    if not found:
        print("no run yet")
    return DONE


def _worker(given: argparse.Namespace) -> int:
    from fl.worker import main as work

    return work(given.parent)


def _strategies(_: argparse.Namespace) -> int:
    from fl.strategies import STRATEGIES

    for strategy in STRATEGIES.values():
        print(f"{strategy.name:<10} {strategy.title}: {strategy.summary} {strategy.paper}")
        for each in strategy.parameters:
            print(f"{'':<10}   --setting {each.name}={each.default:g}  ({each.low:g} to {each.high:g}) {each.help}")
    return DONE


def _database() -> None:
    from data.database import migrate

    migrate()


def _check_writable(path: Path | None) -> None:
    """Refuse a place for the result before computing it."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise WrongInput(f"--json {path}: give a file in a folder that exists.")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be numbers with commas, for example 3,4") from None


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be NAME=NUMBER, for example mu=0.1") from None


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # all is written and closed; taking PyTorch down in order would keep the person waiting
