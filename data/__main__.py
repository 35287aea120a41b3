"""Command line of the data package: migrate, check, generate, download.

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on stderr says what), 130 cancelled.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from data.whole_file import write_whole

if TYPE_CHECKING:
    from data.intake.table import Report
    from models.task import Task

_PRINTED = 20  # problems on the terminal; --json has more
_MOST_ROWS = 1_000_000


class WrongInput(Exception):
    """What was asked for cannot be done as it stands; the message is one line that says why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongInput(f"{message} ({self.prog} --help shows how)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        arguments = _parser().parse_args(argv)
        code: int = arguments.act(arguments)
        return code
    except WrongInput as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m data", description="Tables of patients, public data sets and the database.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    migrate = commands.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(act=_migrate)

    check = commands.add_parser("check", help="check a CSV file, or a ZIP of pictures, and name every problem")
    check.add_argument("--task", required=True)
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--json", type=Path, metavar="FILE", help="write the findings as one JSON object")
    check.set_defaults(act=_check)

    generate = commands.add_parser(
        "generate", help="write synthetic rows, marked so, as a CSV file or a ZIP of pictures"
    )
    generate.add_argument("--task", required=True)
    generate.add_argument("--rows", type=int, required=True)
    generate.add_argument("--seed", type=int, default=0)
    generate.add_argument("--out", type=Path, required=True, metavar="FILE")
    generate.set_defaults(act=_generate)

    download = commands.add_parser("download", help="get the public data of one task, or of all")
    download.add_argument("task", nargs="?")
    download.set_defaults(act=_download)
    return parser


def _task(name: str) -> "Task":
    from models.registry import get_task

    try:
        return get_task(name)
    except ValueError as error:
        raise WrongInput(str(error)) from None


def _migrate(_arguments: argparse.Namespace) -> int:
    from data import database

    database.migrate()
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from models.contributed import check_file

    task, file = _task(arguments.task), arguments.file
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    report = check_file(task, raw, source=file.name)
    if arguments.json:
        _write(arguments.json, (json.dumps(_findings(report, task.name, file), indent=2) + "\n").encode())
    for note in report.notes:
        print(f"note: {note}")
    if report.dataset is not None:
        positives = int((report.dataset.y > 0).sum())
        which = f", {positives} with {task.schema.label} {'= 1' if len(task.classes) == 2 else '> 0'}"
        told = "" if task.texts is not None else which
        print(f"{file}: {report.rows} rows for {task.name}{told}, no problem found")
        return 0
    for problem in report.problems[:_PRINTED]:
        print(problem)
    also = f" (and {report.problem_count - 1} more)" if report.problem_count > 1 else ""
    raise WrongInput(f"{file} cannot be taken: {report.problems[0]}{also}")


def _findings(report: "Report", task: str, file: Path) -> dict[str, Any]:
    return {
        "file": str(file),
        "task": task,
        "ok": report.dataset is not None,
        "rows": report.rows,
        "positives": int((report.dataset.y > 0).sum()) if report.dataset is not None else None,
        "synthetic": report.dataset.synthetic if report.dataset is not None else None,
        "problem_count": report.problem_count,
        "problems": [vars(problem) for problem in report.problems],
        "notes": list(report.notes),
        "sha256": report.sha256,
    }


def _generate(arguments: argparse.Namespace) -> int:
    from models.contributed import sample_file

    task = _task(arguments.task)
    if not 1 <= arguments.rows <= _MOST_ROWS:
        raise WrongInput(f"--rows must be 1 to {_MOST_ROWS}, not {arguments.rows}")
    if arguments.seed < 0:
        raise WrongInput(f"--seed must not be negative, but is {arguments.seed}")
    dataset, content = sample_file(task, arguments.rows, arguments.seed)
    _write(arguments.out, content)
    if task.texts is not None:
        what = "made-up questions with answers" if task.generates else "made-up texts"
        print(f"{arguments.out}: {len(dataset)} {what} for {task.name}")
        return 0
    print(f"{arguments.out}: {len(dataset)} synthetic rows for {task.name}, {int(dataset.y.sum())} positive")
    return 0


def _download(arguments: argparse.Namespace) -> int:
    from data.public import DataMissing
    from models.registry import tasks

    wanted = [_task(arguments.task)] if arguments.task else list(tasks().values())
    missing = 0
    for task in wanted:
        try:
            dataset = task.public()
        except DataMissing as error:
            missing += 1
            print(f"{task.name}: {error}", file=sys.stderr)
        else:
            kind = "synthetic" if dataset.synthetic else "real"
            print(f"{task.name}: {len(dataset)} {kind} rows; {dataset.source}; {task.licence}")
    return 1 if missing else 0


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise WrongInput(f"{path} cannot be written: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
