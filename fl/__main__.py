"""The command line of federated runs: ``python -m fl run | resume | cancel | list | worker | strategies``.

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on standard error says what), 130 cancelled.
"""

import argparse
import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fl.options import WRONG, parser

if TYPE_CHECKING:
    from fl.progress import RunSummary

DONE, FAILED, CANCELLED = 0, 1, 130
OF_REQUEST = (
    *("sites", "partition", "datasets", "nodes", "rounds", "strategy", "local_epochs", "steps", "batch_size"),
    *("learning_rate", "seed", "executor", "quorum", "fraction", "deadline", "drop", "attack", "personal"),
    "standardise",
    *("dp_epsilon", "dp_delta", "dp_level", "dp_clip", "dp_noise", "secure_aggregation", "secure_threshold"),
)


class WrongInput(Exception):
    """What was asked cannot be done; the message is the line to print."""


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    commands = {
        "run": _run,
        "resume": _resume,
        "cancel": _cancel,
        "list": _list,
        "audit": _audit,
        "worker": _worker,
        "strategies": _strategies,
        "compare": _compare,
    }
    given = parser(commands).parse_args(arguments)
    try:
        code: int = given.command(given)
    except WrongInput as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return WRONG
    return code


def _run(given: argparse.Namespace) -> int:
    from fl import runs
    from fl.lease import new_owner
    from models.registry import UnknownTask, get_task

    _check_writable(given.json)
    if given.queue and (given.json or given.no_mlflow):
        raise WrongInput("--queue leaves the run to the worker: leave out --json and --no-mlflow.")
    if given.priority is not None and not given.queue:
        raise WrongInput("--priority orders the runs that wait for the worker: give --queue too.")
    asked: dict[str, Any] = {name: getattr(given, name) for name in OF_REQUEST}
    asked["strategy_settings"] = dict(given.setting) if given.setting else None
    asked["benefit"] = given.benefit
    _database()
    owner = None if given.queue else new_owner("command")
    try:
        request = runs.RunRequest.for_task(get_task(given.task), **asked)
        run_id = runs.submit(request, by=None, owner=owner, priority=given.priority or 0)
    except (UnknownTask, runs.RequestError) as error:
        raise WrongInput(error) from None
    if owner is None:
        place = runs.get_run(run_id).position_in_queue
        waits = f"is number {place} in the queue" if place else "is with the worker"
        none = "" if runs.worker_status().alive else "; no worker is running: start the app, or python -m fl worker"
        print(f"run {run_id} {waits}{none}")
        return DONE
    return _execute(run_id, owner, request.rounds, given, done=0)


def _resume(given: argparse.Namespace) -> int:
    from fl import runs
    from fl.lease import new_owner

    _check_writable(given.json)
    _database()
    owner = new_owner("command")
    try:
        run = runs.get_run(given.run)
        runs.resume(given.run, by=None, owner=owner)
    except (runs.UnknownRun, runs.WrongState) as error:
        raise WrongInput(error) from None
    return _execute(given.run, owner, run.rounds, given, done=run.round)


def _execute(run_id: int, owner: str, rounds: int, given: argparse.Namespace, *, done: int) -> int:
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
    with Lease(run_id, owner) as lease, Terminal(rounds, done) as terminal:

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
        document = report(run, given.json.with_suffix(".safetensors"))
        given.json.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
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


def _audit(given: argparse.Namespace) -> int:
    from fl import runs
    from fl.privacy.audit import CannotAudit, audit, sentences
    from fl.privacy.audit_job import end_with

    _check_writable(given.json)
    if given.shadows < 4 or given.orders < 2:
        raise WrongInput("--shadows must be at least 4, --orders at least 2.")
    _database()
    if given.parent:
        end_with(given.parent)
    try:
        say = partial(print, file=sys.stderr, flush=True)
        found = audit(given.run, shadows=given.shadows, orders=given.orders, say=say)
    except (runs.UnknownRun, runs.RequestError, CannotAudit) as error:
        raise WrongInput(error) from None
    print("\n".join(sentences(found)))
    if given.json:
        given.json.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    return DONE


def _list(given: argparse.Namespace) -> int:
    from fl import runs

    _check_writable(given.json)
    _database()
    found = runs.list_runs()
    if given.json:
        rows = [asdict(run) for run in found]
        given.json.write_text(json.dumps(rows, indent=1, default=lambda moment: moment.isoformat()), encoding="utf-8")
    for run in found:
        print(_line(run))
    if not found:
        print("no run yet")
    return DONE


def _line(run: "RunSummary") -> str:
    moment = run.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    rounds = f"{run.round}/{run.rounds}"
    said = [] if run.auc is None else [f"AUC {run.auc:.3f}"]
    if run.position_in_queue is not None:
        said.append(f"number {run.position_in_queue} in the queue")
    if run.status == "queued" and run.priority:
        said.append(f"priority {run.priority}")
    line = f"{run.id:>5}  {moment}  {run.task:<16} {run.strategy:<13} {run.status:<10} {rounds:>9}  {', '.join(said)}"
    return line.rstrip()


def _worker(given: argparse.Namespace) -> int:
    from fl.worker import main as work

    return work(given.parent)


def _strategies(_: argparse.Namespace) -> int:
    from fl.strategies import STRATEGIES

    for strategy in STRATEGIES.values():
        print(f"{strategy.name:<14} {strategy.title}: {strategy.summary} {strategy.paper}")
        for each in strategy.parameters:
            print(f"{'':<14}   --setting {each.name}={each.default:g}  ({each.low:g} to {each.high:g}) {each.help}")
    return DONE


def _compare(given: argparse.Namespace) -> int:
    from fl.compare.command import compare, study_asked
    from fl.request import RequestError
    from models.registry import UnknownTask

    _check_writable(given.json)
    try:
        study = study_asked(given)
    except (RequestError, UnknownTask) as error:
        raise WrongInput(error) from None
    return compare(given, study)


def _database() -> None:
    from data.database import migrate

    migrate()


def _check_writable(path: Path | None) -> None:
    """Refuse a place for the result before computing it."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise WrongInput(f"--json {path}: give a file in a folder that exists.")


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # all is written and closed; taking PyTorch down in order would keep the person waiting
