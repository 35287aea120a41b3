"""Command line of the models: ``python -m models list | predict | evaluate | train | ...``.

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on stderr says what), 130 cancelled.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.database import migrate
from data.whole_file import write_whole
from models.headline import headline
from models.registry import UnknownTask, get_task, tasks
from models.token_metrics import at_sites
from models.versions import VersionError, VersionView, champion, promote, register_shipped, rollback, versions

CROSS_VALIDATION = "crossvalidation.json"  # beside the manifest


class WrongInput(Exception):
    """What was asked for cannot be done as written; the message is one sentence."""


def _write_json(path: Path | None, document: dict[str, Any]) -> None:
    if path is None:
        return
    try:
        write_whole(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    except OSError as error:
        raise WrongInput(f"{path} cannot be written: {error.strerror or error}.") from None


def _ready() -> None:
    migrate()
    register_shipped()


def _find(name: str) -> VersionView:
    """Return the version written as TASK:NUMBER."""
    task, _, number = name.partition(":")
    found = [version for version in versions(get_task(task).name) if str(version.number) == number]
    if not found:
        known = ", ".join(f"{task}:{version.number}" for version in versions(task)) or "none yet"
        raise WrongInput(f"There is no model version {name!r}; write TASK:NUMBER. Versions of {task}: {known}.")
    return found[0]


def _chosen(task: str, name: str | None) -> VersionView:
    version = _find(name) if name else champion(task)
    if version is None:
        raise WrongInput(f"{task} has no champion yet; name a version with --version TASK:NUMBER.")
    if version.task != task:
        raise WrongInput(f"Version {name} answers {version.task}, not {task}.")
    return version


def _list(arguments: argparse.Namespace) -> None:
    _ready()
    found = versions(get_task(arguments.task).name if arguments.task else None)
    for each in found:
        scores = each.manifest.get("scores", {})
        stands = headline(scores)
        reached = scores.get(stands.metric) or {}
        known = reached.get("low") is not None
        score = f"{stands.word} " + ("{value:.3f} ({low:.3f} to {high:.3f})".format(**reached) if known else "-")
        words = " ".join(word for word, true in (("champion", each.champion), ("shipped", each.shipped)) if true)
        print(f"{each.task}:{each.number:<4} {score:32} {each.created_at:%Y-%m-%d %H:%M} {each.sha256[:12]} {words}")
    document = [
        {
            "version": f"{each.task}:{each.number}",
            "task": each.task,
            "number": each.number,
            "run_id": each.run_id,
            "champion": each.champion,
            "shipped": each.shipped,
            "sha256": each.sha256,
            "scores": each.manifest.get("scores", {}),
        }
        for each in found
    ]
    _write_json(arguments.json, {"versions": document})


def _predict(arguments: argparse.Namespace) -> None:
    from models.answered_files import answered

    _ready()
    task = get_task(arguments.task)
    version = _chosen(task.name, arguments.version)
    if task.generates:
        raise WrongInput(f"{task.name} writes answers: ask it with python -m rag ask --provider federated.")
    answers = answered(task, version, arguments.files)
    document = {"task": task.name, "version": version.label, "sha256": version.sha256, "predictions": answers}
    _write_json(arguments.json, document)


def _evaluate(arguments: argparse.Namespace) -> None:
    from data.partition import hold_out
    from models.comparison import evaluate
    from models.ecg.records import read_records
    from models.encoding import encoded
    from models.labelled_pictures import read_labelled
    from models.tables import read_table
    from models.texts import read_texts
    from models.versions import load_model

    _ready()
    task = get_task(arguments.task)
    version = _chosen(task.name, arguments.version)
    if task.pictures is not None:
        rows = read_labelled(task, arguments.path)
    elif task.signal:
        rows = read_records(task, arguments.path)
    elif task.texts is not None:
        rows = read_texts(task, arguments.path)
    else:
        rows = read_table(task, arguments.path, labelled=True)
    scores = evaluate(load_model(version.id), encoded(task, rows))
    public = task.public()
    trained = {public.row_hashes[index] for index in hold_out(public).training}
    seen = sum(digest in trained for digest in rows.row_hashes)
    print(f"{task.name} {version.label} on {len(rows)} rows of {arguments.path}")
    for name, score in scores.items():
        print(f"{name:12} {score.value:.4f}  (95 % interval {score.low:.4f} to {score.high:.4f})")
    if seen:
        print(f"Mind: {seen} of these rows are public training rows, so the figures flatter the model.")
    as_json = {name: score.as_json() for name, score in scores.items()}
    document = {
        "task": task.name,
        "version": version.label,
        "sha256": version.sha256,
        "n": len(rows),
        **{name: score["value"] for name, score in as_json.items()},
        "intervals": {name: {end: score[end] for end in ("low", "high")} for name, score in as_json.items()},
        "training_rows_among_them": seen,
        "fingerprint": rows.fingerprint,
    }
    _write_json(arguments.json, document)


def _examine(arguments: argparse.Namespace) -> None:
    from models.language.adapted import Adapted
    from models.language.examination import paper, report, sit
    from models.language.figures import lines
    from models.versions import load_model

    _ready()
    task = get_task(arguments.task)
    if not task.generates:
        raise WrongInput(f"{task.name} writes no answers: score it with python -m models evaluate.")
    version = _chosen(task.name, arguments.version)
    if arguments.written < 0:
        raise WrongInput(f"--written is {arguments.written}: give a whole number from 0.")

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    asked, ours, fresh = paper(task, arguments.written), load_model(version.id).network, task.network()
    assert isinstance(ours, Adapted) and isinstance(fresh, Adapted)
    marks = sit(ours, asked, lambda text: say(f"{version.label}: {text}"))
    found = report(asked, marks, sit(fresh, asked, lambda text: say(f"the base: {text}")))
    print(f"{task.name} {version.label} beside its base, with 95 % intervals")
    print("\n".join(lines(found)))
    _write_json(arguments.json, {"task": task.name, "version": version.label, "sha256": version.sha256, **found})


def _promote(arguments: argparse.Namespace) -> None:
    _ready()
    version = _find(arguments.version)
    promote(version.id, reason=arguments.reason, by=None)
    print(f"{arguments.version} is the champion now.")


def _rollback(arguments: argparse.Namespace) -> None:
    _ready()
    version = rollback(get_task(arguments.task).name, reason=arguments.reason, by=None)
    print(f"{version.task}:{version.number} is the champion again.")


def _train(arguments: argparse.Namespace) -> None:
    names = list(tasks()) if arguments.task == "all" else [get_task(arguments.task).name]
    migrate()
    for name in names:
        _train_one(name, arguments)


def _train_one(name: str, arguments: argparse.Namespace) -> None:
    """Train the model that is shipped with a task; write weights, manifest and the card's figures into its folder."""
    from fl.federation import federate
    from fl.request import RequestError, RunRequest
    from fl.terminal import Terminal
    from fl.watcher import Silent, Stop
    from models.behaviour import behaviour
    from models.card import with_figures
    from models.comparison import heldout_rows
    from models.familiarity import measured
    from models.manifest import describe
    from models.stored import Model, read_manifest, write_weights

    task = get_task(name)
    alone = {} if arguments.federated else {"sites": 1, "partition": "iid"}
    request = RunRequest.for_task(
        task, seed=arguments.seed, rounds=arguments.rounds, steps=arguments.steps, executor="in-process", **alone
    )
    try:
        with Terminal(request.rounds).around(Silent()) as watcher:
            outcome = federate(request.validated(), watcher=watcher, stop=Stop())
    except RequestError as error:
        raise WrongInput(str(error)) from None
    words = ["python -m models train", name]
    words += ["--federated"] if arguments.federated else []
    words += [f"--rounds {arguments.rounds}"] if arguments.rounds else []
    words += [f"--steps {arguments.steps}"] if arguments.steps is not None else []
    words += [f"--seed {arguments.seed}"] if arguments.seed else []
    names = {site.position: site.name for site in outcome.sites}
    manifest = describe(
        task=name,
        data={**outcome.data, "sites": [{"name": site.name, "samples": site.samples} for site in outcome.sites]},
        request=request.to_json(),
        rounds=request.rounds,
        executor=outcome.executor,
        scores=outcome.scores,
        n=outcome.n_heldout,
        command=" ".join(words),
        benefit={names.get(position, "pooled"): scores for position, scores in outcome.benefit.items()},
        classes=outcome.classes,
        curve=[{"round": each.round, "loss": each.loss, **at_sites(each.metrics)} for each in outcome.rounds]
        if task.adapts
        else (),
    )
    model = Model.of(task, outcome.weights, outcome.preparation, outcome.calibration)
    if not task.generates:
        manifest["behaviour"] = behaviour(model, heldout_rows(task)).to_json()
    if task.pictures is None and (known := measured(model)):
        manifest["familiarity"] = known.to_json()
    folder = arguments.out / name if arguments.out else task.folder
    card = with_figures(task.card, manifest)
    parts = (outcome.weights, outcome.preparation, outcome.calibration)
    write_weights(folder, task, *parts, {**manifest, "shipped": True}, alone=outcome.alone)
    write_whole(folder / "card.md", with_figures(card, read_manifest(folder)).encode())
    stands = headline(outcome.scores)
    auc = outcome.scores[stands.metric]
    print(f"{name}: held-out {stands.word} {auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f}), written into {folder}")


def _ship(arguments: argparse.Namespace) -> None:
    """Write a version that a run made into its task's folder, in place of training it anew."""
    from dataclasses import replace

    from fl.request import RunRequest
    from fl.result import command_of
    from models.shipping import ship

    _ready()
    version = _find(arguments.version)
    if version.run_id is None:
        raise WrongInput(f"{arguments.version} comes from no run: python -m models train makes such a model.")
    task = get_task(version.task)
    # rounds do not depend on how many follow, so a run that was cancelled is made again by fewer
    request = replace(RunRequest.from_json(version.manifest["request"]), rounds=version.manifest["rounds"])
    folder = arguments.out / task.name if arguments.out else task.folder
    ship(version, folder, command_of(request))
    print(f"{arguments.version} is in {folder}")


def _crossvalidate(arguments: argparse.Namespace) -> None:
    from dataclasses import asdict
    from datetime import UTC, datetime

    from fl.crossvalidation import cross_validate
    from fl.request import RequestError
    from models.card import with_cross_validation

    task = get_task(arguments.task)
    migrate()
    try:
        number = None if arguments.by_site else arguments.folds
        found = cross_validate(task.name, number, arguments.seed, told=print)
    except RequestError as error:
        raise WrongInput(str(error)) from None
    words = ["python -m models crossvalidate", task.name]
    words += ["--by-site" if arguments.by_site else f"--folds {arguments.folds}"]
    words += [f"--seed {arguments.seed}"] if arguments.seed else []
    document = {
        "task": task.name,
        "command": " ".join(words),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": task.public().fingerprint,
        **asdict(found),
        **({"judged_classes": list(task.judged)} if task.judged else {}),
    }
    for name, score in found.scores.items():
        print(
            f"{name:12} federated {found.federated[name]:.4f}  pooled {found.pooled[name]:.4f}  best site alone "
            f"{found.best_alone[name]:.4f}  all rows together {score['value']:.4f} ({score['low']:.4f} to "
            f"{score['high']:.4f})"
        )
    _write_json(arguments.json, document)
    if arguments.keep:
        _write_json(task.folder / CROSS_VALIDATION, document)
        write_whole(task.folder / "card.md", with_cross_validation(task.card, document).encode())


def _export(arguments: argparse.Namespace) -> None:
    from data.derived import public_signing_key
    from models.export import export

    _ready()
    version = _find(arguments.version)
    export(version, arguments.file)
    print(f"{arguments.version} is in {arguments.file}, signed by {public_signing_key()}")


def _verify(arguments: argparse.Namespace) -> None:
    from models.export import NotGenuine, verify

    migrate()
    try:
        found = verify(arguments.file, arguments.key)
    except NotGenuine as error:
        raise WrongInput(str(error)) from None
    print(f"{arguments.file} is genuine: {found.task}:{found.version}, SHA-256 {found.sha256}, signed by {found.key}")


def _sources(_arguments: argparse.Namespace) -> None:
    """Write down what the training pictures of each image task, and the texts of each text task, have in common."""
    from models.sources import source_of, write_sources
    from models.text_sources import text_source_of, write_text_sources

    known = {name: source_of(task.public()) for name, task in tasks().items() if task.pictures is not None}
    write_sources(known)
    texts = {name: text_source_of(task.public()) for name, task in tasks().items() if task.modality == "text"}
    write_text_sources(texts)
    limits = {name: source.limit for name, source in known.items()} | {name: each.limit for name, each in texts.items()}
    for name, limit in limits.items():
        print(f"{name}: 95 % of its calibration rows within {limit:.4f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models", description="Tasks, model versions and predictions.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Any, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(act=act)
        return made

    listing = command("list", _list, "list model versions")
    listing.add_argument("--task", help="only those of one task")
    for name, act, words in (
        ("predict", _predict, "answer for every row or text of CSV files, for pictures or for ECGs"),
        ("evaluate", _evaluate, "score a model on a labelled table (CSV, or npz with x and y) or on labelled pictures"),
    ):
        made = command(name, act, words)
        made.add_argument("--task", required=True)
        made.add_argument("--version", metavar="TASK:NUMBER", help="in place of the champion")
        if name == "predict":
            made.add_argument("files", nargs="+", type=Path, metavar="FILE")
        else:
            made.add_argument("path", type=Path, metavar="PATH")
        made.add_argument("--json", type=Path, metavar="FILE")
    listing.add_argument("--json", type=Path, metavar="FILE")
    promoting = command("promote", _promote, "make a version the champion of its task")
    promoting.add_argument("version", metavar="TASK:NUMBER")
    back = command("rollback", _rollback, "go back to the champion before")
    back.add_argument("task", metavar="TASK")
    for each in (promoting, back):
        each.add_argument("--reason", required=True)
    exporting = command("export", _export, "write a version as one signed file for others")
    exporting.add_argument("version", metavar="TASK:NUMBER")
    verifying = command("verify", _verify, "check that an exported file is as it was signed")
    verifying.add_argument("--key", metavar="HEX", help="public key it must be signed by (this installation's)")
    for each in (exporting, verifying):
        each.add_argument("file", type=Path, metavar="FILE")
    training = command("train", _train, "make the model that is shipped with a task")
    training.add_argument("task", metavar="TASK|all")
    training.add_argument("--federated", action="store_true", help="over the task's demo sites, not all rows in one")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--steps", type=int, help="the most that a site takes in a round")
    training.add_argument("--rounds", type=int)
    training.add_argument("--out", type=Path, metavar="FOLDER", help="write into FOLDER/TASK, not into the task's own")
    shipping = command("ship", _ship, "ship a version that a run made with its task")
    shipping.add_argument("version", metavar="TASK:NUMBER")
    shipping.add_argument("--out", type=Path, metavar="FOLDER", help="write into FOLDER/TASK, not into the task's own")
    crossing = command("crossvalidate", _crossvalidate, "score a task's federated recipe on rows left out in turn")
    examining = command("examine", _examine, "hold a language model against its base on held-out questions")
    examining.add_argument("task", metavar="TASK")
    examining.add_argument("--version", metavar="TASK:NUMBER", help="in place of the champion")
    examining.add_argument("--written", type=int, default=8, help="answers written for each site (default 8)")
    examining.add_argument("--json", type=Path, metavar="FILE")
    crossing.add_argument("task", metavar="TASK")
    crossing.add_argument("--folds", type=int, default=5)
    crossing.add_argument("--by-site", action="store_true", help="leave out each hospital of the data in turn")
    crossing.add_argument("--seed", type=int, default=0)
    crossing.add_argument("--keep", action="store_true", help="write the figures into the task's folder and card")
    crossing.add_argument("--json", type=Path, metavar="FILE")
    command("sources", _sources, "measure what the training pictures and texts of tasks have in common")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    arguments = _parser().parse_args(argv)
    from data.public import DataMissing
    from models.predict import InputError

    try:
        arguments.act(arguments)
    except (WrongInput, InputError, UnknownTask, VersionError, DataMissing) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
