"""``python -m fl compare``: the table on the screen, everything in a JSON file."""

import argparse
import json
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from data.jobs import JobFile
from fl.compare.study import BASELINE, Measured, Study, run_study, study_of
from fl.compare.summary import Row, summarise
from fl.watcher import Cancelled, Stop

DONE, FAILED, CANCELLED = 0, 1, 130


def study_asked(given: argparse.Namespace) -> Study:
    """Return the study that the options ask for; raises RequestError or UnknownTask with a sentence."""
    return study_of(given.task, given.strategies, given.scenario, given.seeds, given.sites, given.rounds)


def compare(given: argparse.Namespace, study: Study) -> int:
    """Carry out a comparison and return the exit code."""
    stop = Stop()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    found: list[Measured] = []
    began = time.monotonic()
    job = JobFile(given.job) if given.job else None

    def told(runs: list[Measured]) -> None:
        found[:] = runs
        _progress(runs, study, began)
        if job:
            job.write("running", len(runs), study.runs, report(study, runs))

    def carry_out() -> int:
        try:
            run_study(study, stop=stop, told=told)
        except Cancelled:
            return CANCELLED
        return DONE

    if not job:
        code = carry_out()
    else:
        job.write("running", 0, study.runs, report(study, []))
        try:
            with job.watched(given.parent, stop.set):
                code = carry_out()
        except Exception as error:
            job.write("failed", len(found), study.runs, report(study, found), _words(error))
            raise
        status = "cancelled" if code == CANCELLED else "done"
        job.write(status, len(found), study.runs, report(study, found))
    print("", file=sys.stderr)
    for line in table(summarise(found)):
        print(line)
    if code == CANCELLED:
        print(f"Cancelled after {len(found)} of {study.runs} runs.", file=sys.stderr)
    if given.json:
        document = {**report(study, found), "seconds": round(time.monotonic() - began, 1)}
        given.json.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return code


def report(study: Study, runs: Sequence[Measured]) -> dict[str, Any]:
    """Return what was asked, every run and the summary, as JSON."""
    from fl.sites import public_split

    rows, split = public_split(study.task)
    return {
        "task": study.task,
        "data": rows.fingerprint,
        "n_heldout": len(split.heldout),
        "n_server": len(split.calibration),
        "strategies": list(study.strategies),
        "scenarios": [scenario.name for scenario in study.scenarios],
        "corrupted": [scenario.name for scenario in study.scenarios if scenario.corrupted],
        "seeds": list(study.seeds),
        "command": command_of(study),
        "summary": summarise(runs),
        "runs": [run.as_json() for run in runs],
    }


def command_of(study: Study) -> str:
    """Return the command line that measures the same again."""
    words = ["python", "-m", "fl", "compare", "--task", study.task, "--strategies", ",".join(study.strategies)]
    words += ["--scenario", ",".join(scenario.name for scenario in study.scenarios), "--seeds", str(len(study.seeds))]
    words += ["--sites", str(study.sites)] if study.sites else []
    words += ["--rounds", str(study.rounds)] if study.rounds else []
    return shlex.join(words)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table."""
    lines = [f"{'scenario':<18} {'strategy':<14} {'loss':>6} {'95 %':>15} {'AUC':>6} {'acc.':>6} "
             f"{'against ' + BASELINE:>28} {'p':>6} {'refused':>8}"]  # fmt: skip
    for row in rows:
        if row["loss"] is None:
            lines.append(f"{row['scenario']:<18} {row['strategy']:<14} all {row['failed']} runs failed")
            continue
        between = _between(row["loss_low"], row["loss_high"], "{:.3f}")
        change = ""
        if row["strategy"] != BASELINE and row["change"] is not None:
            ends = _between(row["change_low"], row["change_high"], "{:+.0%}")
            change = f"{row['change']:+.1%} ({ends})"
        chance = f"{row['p']:.3f}" if change and row["p"] is not None else ""
        failed = f", {row['failed']} failed" if row["failed"] else ""
        lines.append(
            f"{row['scenario']:<18} {row['strategy']:<14} {row['loss']:>6.3f} {between:>15} {_figure(row['auc']):>6} "
            f"{_figure(row['accuracy']):>6} {change:>28} {chance:>6} {row['refused']:>8}{failed}"
        )
    return lines


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _between(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f"{form.format(low)} to {form.format(high)}"


def _progress(runs: Sequence[Measured], study: Study, began: float) -> None:
    left = (time.monotonic() - began) / len(runs) * (study.runs - len(runs))
    last = runs[-1]
    said = f"{len(runs)} of {study.runs} runs, {left:.0f} s left: {last.scenario}, {last.strategy}, seed {last.seed}"
    if sys.stderr.isatty():
        print(f"\r{said:<100}"[:101], end="", file=sys.stderr, flush=True)
    elif len(runs) in (1, study.runs) or len(runs) % 25 == 0:
        print(said, file=sys.stderr, flush=True)


def _words(error: BaseException) -> str:
    return f"It ended with an unexpected {type(error).__name__}; its log in HOME/comparisons tells more."
