"""Command line: ``python -m benchmarks`` and the name of a measurement, such as fl, rag or report."""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from settings import ROOT

DONE, FAILED, WRONG, CANCELLED = 0, 1, 2, 130
BUSY = 0.75  # load a core from which what else runs is felt


class WrongInput(Exception):
    """What was asked cannot be done; the message is the line to print."""


def main(arguments: list[str] | None = None) -> int:
    """Run a benchmark, print its table, and write it as JSON when asked; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements of MedHive.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fl = commands.add_parser("fl", help="federated rounds, beside the plain loop and other simulators")
    fl.set_defaults(command=_fl)
    fl.add_argument("--workloads", help="some of mlp,cnn,many,head (default all)")
    fl.add_argument("--systems", help="some of plain,plain2,in-process,vectorised,ray,flower,pfl,fluke,openfl,nvflare")
    fl.add_argument("--repeats", type=int, default=5, help="runs that count, after one that does not (default 5)")
    fl.add_argument("--quick", action="store_true", help="a single run without a warm-up, to see that all works")
    fl.add_argument("--envs", type=Path, metavar="DIR", help="environments of peers (HOME/benchmarks/envs)")
    scale = commands.add_parser("scale", help="cost of a round as sites grow from 10 to 10,000")
    scale.set_defaults(command=_scale)
    scale.add_argument("--executor", default="auto", help="of MedHive (default auto)")
    scale.add_argument("--repeats", type=int, default=3, help="how often each is measured (default 3)")
    first_light = commands.add_parser("first-light", help="how long a person waits in the browser")
    first_light.set_defaults(command=_first_light)
    first_light.add_argument("--repetitions", type=int, default=5, help="how often each is measured (default 5)")
    kills = commands.add_parser("kills", help="processes killed at random moments of runs")
    kills.set_defaults(command=_kills)
    kills.add_argument("--points", type=int, default=50, help="runs during which a process is killed (default 50)")
    soak = commands.add_parser("soak", help="memory of one worker over many short runs")
    soak.set_defaults(command=_soak)
    soak.add_argument("--runs", type=int, default=100, help="runs that count, after ten that do not (default 100)")
    privacy = commands.add_parser("privacy", help="what ε costs in AUC and accuracy, and secure sums in time")
    privacy.set_defaults(command=_privacy)
    privacy.add_argument("--seeds", type=int, default=5, help="runs for each ε (default 5)")
    standardising = commands.add_parser("standardising", help="sites that keep by what they standardise, or do not")
    standardising.set_defaults(command=_standardising)
    standardising.add_argument("--seeds", type=int, default=5, help="runs of each kind, at least 2 (default 5)")
    flamby = commands.add_parser("flamby-heart", help="FLamby's Fed-Heart-Disease: its split and its protocol")
    flamby.set_defaults(command=_flamby_heart)
    flamby.add_argument("--seeds", type=int, default=5, help="runs of each rule (default 5)")
    ecg_strips = commands.add_parser("ecg-strips", help="beats of ECG strips named by rules")
    ecg_strips.set_defaults(command=_ecg_strips)
    ecg_strips.add_argument("--keep", action="store_true", help="also write the figures that the page shows")
    rag = commands.add_parser("rag", help="what the companion answers, and what it lets through")
    rag.set_defaults(command=_rag)
    rag.add_argument(
        "--tables", help="some of retrieval,support,answers,emergency,injection,languages,speed (default all)"
    )
    rag.add_argument(
        "--medquad", type=Path, metavar="FILE", help="also search in this medquad.jsonl (a quarter of an hour)"
    )
    prompt_cache = commands.add_parser("prompt-cache", help="how much sooner a warm language model begins")
    prompt_cache.set_defaults(command=_prompt_cache)
    prompt_cache.add_argument("--questions", type=int, default=20, help="that count, after one that does not")
    language_memory = commands.add_parser("language-memory", help="memory of training adapters, and what less costs")
    language_memory.set_defaults(command=_language_memory)
    language_memory.add_argument("--steps", type=int, default=10, help="that count, after one that does not")
    hive = commands.add_parser("hive", help="what an answer of Model Hive costs, and which pictures are refused")
    hive.set_defaults(command=_hive)
    hive.add_argument("--parts", help="some of warm,clients,batch,refusals (default all)")
    hive.add_argument("--answers", type=int, default=30, help="of each kind, after one that does not count")
    report = commands.add_parser("report", help="federated language models beside what FED-MED claims, with charts")
    report.set_defaults(command=_report)
    report.add_argument("--quick", action="store_true", help="few steps and answers, some minutes")
    report.add_argument(
        "--out", type=Path, default=Path("benchmarks/results/report"), metavar="DIR", help="where to write"
    )
    report.add_argument("--job", type=Path, help=argparse.SUPPRESS)  # of the page in Admin, as is the next
    report.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    for each in (
        report,
        hive,
        language_memory,
        prompt_cache,
        rag,
        fl,
        scale,
        first_light,
        kills,
        soak,
        privacy,
        standardising,
        flamby,
        ecg_strips,
    ):
        each.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, some also as .md")
    chosen = parser.parse_args(arguments)
    try:
        _check_writable(chosen.json)
        code: int = chosen.command(chosen)
    except WrongInput as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return CANCELLED
    return code


def _fl(chosen: argparse.Namespace) -> int:
    from benchmarks import federated
    from benchmarks.contenders import CONTENDERS
    from benchmarks.figures import as_json, disagreements
    from benchmarks.progress import Progress
    from benchmarks.table import markdown
    from data.public import DataMissing
    from fl.request import RequestError
    from settings import get_settings

    workloads = _some("--workloads", chosen.workloads, list(federated.WORKLOADS))
    systems = [CONTENDERS[name] for name in _some("--systems", chosen.systems, list(CONTENDERS))]
    repeats = 1 if chosen.quick else _positive("--repeats", chosen.repeats)
    environments = (chosen.envs or get_settings().home / "benchmarks" / "envs").resolve()
    runs = len(workloads) * len(systems) * (repeats + (not chosen.quick))
    load = _load()
    try:
        with Progress(runs) as progress:
            found = federated.measure(
                workloads,
                systems,
                repeats,
                warm_up=not chosen.quick,
                environments=environments,
                step=lambda workload, system: progress.step(f"{workload}: {system}"),
                tell=progress.tell,
            )
    except (DataMissing, RequestError) as error:
        raise WrongInput(error) from None
    different = disagreements(found.measured)
    titles = {system.name: system.title for system in systems}
    peers = {system.name: version for system in systems if (version := system.version)}
    figures = {
        **_origin(peers, load),
        "repeats": repeats,
        "missing": found.missing,
        "workloads": as_json(found.measured),
    }
    words = _words(figures)
    words |= {"repeats": str(repeats), "versions": ", ".join(f"{name} {v}" for name, v in figures["versions"].items())}
    _publish(chosen.json, figures, markdown(found.measured, found.missing, different, titles, words))
    for sentence in different:
        print(f"NOT THE SAME COMPUTATION: {sentence}", file=sys.stderr)
    return FAILED if different else DONE


def _flamby_heart(chosen: argparse.Namespace) -> int:
    from benchmarks.flamby_heart import measure, table
    from data.public import DataMissing

    load = _load()
    try:
        figures = {**_origin({}, load), **measure(_positive("--seeds", chosen.seeds))}
    except DataMissing as error:
        raise WrongInput(error) from None
    print(table(figures))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return DONE


def _ecg_strips(chosen: argparse.Namespace) -> int:
    from benchmarks.ecg_strips import champion_table, measure, table
    from data.public import DataMissing
    from models.ecg.rules import MEASURED

    try:
        found = measure(lambda line: print(line, flush=True))
    except DataMissing as error:
        raise WrongInput(error) from None
    print(f"{table(found)}\n\n{champion_table(found)}")
    _keep(chosen.json, found)
    if chosen.keep:
        MEASURED.write_text(_json({**found, "command": _command()}), encoding="utf-8")
    return DONE


def _scale(chosen: argparse.Namespace) -> int:
    from benchmarks import scale
    from benchmarks.contenders import EXECUTORS
    from benchmarks.federated import Failed
    from benchmarks.progress import Progress

    if chosen.executor not in EXECUTORS:
        raise WrongInput(f"--executor {chosen.executor}: choose one of {', '.join(EXECUTORS)}.")
    repeats = _positive("--repeats", chosen.repeats)
    load = _load()
    try:
        with Progress(repeats * len(scale.POINTS)) as progress:
            points = scale.measure(
                chosen.executor,
                repeats,
                lambda sites, fraction: progress.step(f"{sites:,} sites, {fraction:.0%} a round"),
            )
    except Failed as error:
        print(f"A run failed: {error}", file=sys.stderr)
        return FAILED
    figures = {**_origin({}, load), "executor": chosen.executor, "repeats": repeats, "points": scale.as_json(points)}
    words = _words(figures)
    _publish(chosen.json, figures, scale.markdown(points, words))
    return DONE


def _first_light(chosen: argparse.Namespace) -> int:
    from benchmarks.first_light import measure

    figures = measure(chosen.repetitions)
    for name, figure in figures.items():
        print(f"{name:22} {figure['median']:7.2f} s   {figure['values']}")
    if chosen.json:
        report = {"figures": figures, "machine": machine(), "commit": commit(), "command": _command()}
        chosen.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return DONE


def _kills(chosen: argparse.Namespace) -> int:
    from benchmarks.kills import measure

    found = measure(_positive("--points", chosen.points))
    for target, figures in found["summary"].items():
        print(f"{target:7} {figures['points']:3} killed, {figures['done_and_bit_identical']:3} ended bit-identical")
    _keep(chosen.json, found)
    return DONE if all(kill["same"] for kill in found["kills"]) else FAILED


def _soak(chosen: argparse.Namespace) -> int:
    from benchmarks.soak import LARGEST_GROWTH, measure

    found = measure(_positive("--runs", chosen.runs))
    print(f"{found['runs']} runs: {found['grown_mb']:+.1f} MB, {found['seconds_a_run']:.2f} s a run")
    _keep(chosen.json, found)
    return DONE if found["grown_mb"] < LARGEST_GROWTH else FAILED


def _privacy(chosen: argparse.Namespace) -> int:
    from benchmarks.privacy import measure

    _keep(chosen.json, measure(_positive("--seeds", chosen.seeds), lambda line: print(line, flush=True)))
    return DONE


def _standardising(chosen: argparse.Namespace) -> int:
    from benchmarks.standardising import measure
    from data.public import DataMissing
    from fl.request import RequestError

    if chosen.seeds < 2:
        raise WrongInput(f"--seeds {chosen.seeds} gives no interval: give 2 or more.")
    try:
        lines = measure(chosen.seeds, lambda line: print(line, flush=True))
    except (DataMissing, RequestError) as error:
        raise WrongInput(str(error)) from None
    _keep(chosen.json, {"lines": lines})
    return DONE


def _rag(chosen: argparse.Namespace) -> int:
    from benchmarks import rag

    if chosen.medquad and not chosen.medquad.is_file():
        raise WrongInput(f"--medquad {chosen.medquad} is no file.")
    load = _load()
    tables = rag.measure(_some("--tables", chosen.tables, list(rag.TABLES)), chosen.medquad)
    figures = {**_origin({}, load), "tables": rag.as_json(tables)}
    _publish(chosen.json, figures, rag.markdown(tables, _words(figures)))
    return DONE


def _prompt_cache(chosen: argparse.Namespace) -> int:
    from benchmarks.prompt_cache import measure, table
    from data.public import DataMissing

    load = _load()
    try:
        found = measure(_positive("--questions", chosen.questions), lambda line: print(line, flush=True))
    except DataMissing as error:
        raise WrongInput(error) from None
    print(table(found))
    _keep(chosen.json, {**found, "load": load})
    return DONE


def _language_memory(chosen: argparse.Namespace) -> int:
    from benchmarks.language_memory import measure
    from data.public import DataMissing

    try:
        found = measure(_positive("--steps", chosen.steps), lambda line: print(line, flush=True))
    except DataMissing as error:
        raise WrongInput(error) from None
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return FAILED
    _keep(chosen.json, found)
    return DONE


def _hive(chosen: argparse.Namespace) -> int:
    from benchmarks import hive
    from data.public import DataMissing

    parts, load = _some("--parts", chosen.parts, list(hive.PARTS)), _load()
    try:
        found = hive.measure(parts, _positive("--answers", chosen.answers), lambda line: print(line, flush=True))
    except DataMissing as error:
        raise WrongInput(error) from None
    print(hive.table(found))
    _keep(chosen.json, {**found, "load": load})
    return DONE


def _report(chosen: argparse.Namespace) -> int:
    from benchmarks.progress import Progress
    from benchmarks.report.charts import charts, draw
    from benchmarks.report.measure import FULL, QUICK, measure, steps_of
    from benchmarks.report.page import PAGE, PICTURE, RESULTS, markdown, parts
    from benchmarks.report.steps import steps
    from data.jobs import JobFile
    from data.public import DataMissing
    from fl.request import RequestError

    plan, load = QUICK if chosen.quick else FULL, _load()
    job = JobFile(chosen.job) if chosen.job else None
    out = job.folder if job else chosen.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongInput(f"--out {out}: {error.strerror}.") from None
    try:
        with (
            Progress(steps_of(plan)) as progress,
            steps(progress, steps_of(plan), job, chosen.parent) as clock,
        ):
            found = measure(plan, clock.step, clock.within)
            shown = charts(found)
            figures = {
                **_origin({}, load),
                "quick": chosen.quick,
                "steps": clock.seconds(),
                "parts": parts(found),
                "charts": {name: chart.as_json() for name, chart in shown.items()},
                **found,
            }
            draw(shown, out / PICTURE)
            page = markdown(found, _words(figures))
            (out / RESULTS).write_text(_json(figures), encoding="utf-8")
            (out / PAGE).write_text(page, encoding="utf-8")
    except (RequestError, DataMissing) as error:
        raise WrongInput(error) from None
    _show(page)
    if chosen.json:
        _keep(chosen.json, figures)
    return DONE


def _keep(path: Path | None, found: dict[str, Any]) -> None:
    if path is not None:
        report = {**found, "machine": machine(), "commit": commit(), "command": _command()}
        path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _some(option: str, chosen: str | None, known: list[str]) -> list[str]:
    """Return what was chosen, in the order in which it is known."""
    names = known if chosen is None else chosen.split(",")
    if wrong := [name for name in names if name not in known]:
        raise WrongInput(f"{option} {wrong[0]!r} is not known: choose some of {','.join(known)}.")
    return [name for name in known if name in names]


def _positive(option: str, number: int) -> int:
    if number < 1:
        raise WrongInput(f"{option} is {number}: give a whole number from 1.")
    return number


def _check_writable(path: Path | None) -> None:
    """Refuse a place for the result before measuring for an hour."""
    if path is not None and (path.is_dir() or path.suffix != ".json" or not path.absolute().parent.is_dir()):
        raise WrongInput(f"--json {path}: give a file that ends in .json, in a folder that exists.")


def _publish(path: Path | None, figures: dict[str, Any], page: str) -> None:
    """Print the page, and write figures and page where asked."""
    _show(page)
    if path:
        path.write_text(_json(figures), encoding="utf-8")
        path.with_suffix(".md").write_text(page, encoding="utf-8")


def _show(page: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page))


def _json(figures: dict[str, Any]) -> str:
    return json.dumps(figures, indent=1, allow_nan=False) + "\n"


def _load() -> float:
    """Return the load of the machine, averaged over the last minute; say so when it spoils what is measured."""
    load = os.getloadavg()[0]
    if load > BUSY * (os.cpu_count() or 1):
        print(f"The machine is busy (load {load:.1f}): times will be too long and ratios wrong.", file=sys.stderr)
    return round(load, 2)


def _words(figures: dict[str, Any]) -> dict[str, str]:
    """Return where figures come from, for the head of a page."""
    words = {name: str(figures[name]) for name in ("commit", "date", "machine", "load")}
    return {**words, "command": f"`{figures['command']}`"}


def _origin(peers: dict[str, str], load: float) -> dict[str, Any]:
    """Return where figures come from: commit, machine with its load before, command, date and versions."""
    own = {name: importlib.metadata.version(name) for name in ("torch", "numpy", "flwr", "ray")}
    return {
        "commit": commit(),
        "machine": machine(),
        "load": load,
        "command": _command(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **own, **peers},
    }


def _command() -> str:
    asked = sys.argv[1:]
    asked = asked[: asked.index("--job")] if "--job" in asked else asked  # that and what follows is added by the app
    return " ".join(["python -m benchmarks", *asked])


def machine() -> str:
    """Return the machine in words: processor architecture, cores, system, Python."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def commit() -> str:
    """Return the commit that was measured, "unknown" outside a checkout."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
