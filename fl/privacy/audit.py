"""The leakage audit of a finished run: what its model gives away, whether sites overlap, and what each is worth.

It trains copies of the run on rows of this installation, so it is for simulations and for data in its own vault. What
it finds is kept in HOME/audits.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.whole_file import write_whole
from fl import sites
from fl.local import preparation_at, tensors_of
from fl.privacy.contribution import MOST_SITES, contributions
from fl.privacy.inversion import Inversion, invert_row
from fl.privacy.membership import attack
from fl.privacy.overlap import near_overlap, overlap
from fl.progress import get_run
from models.registry import get_task
from models.versions import load_model
from models.weights import flat_weights
from settings import get_settings

NOT_ATTACKED = (
    "Membership inference was not tried: it needs tens of copies of the run, hours or days with a base like this. Such "
    "models can repeat texts that they were trained on; example-level differential privacy bounds that."
)
LIMITS = (
    "Federated learning keeps rows at home and does not by itself hide what a model remembers of them. Nothing here "
    "shows that nothing leaks: other attacks may find more, and whoever holds the model can try them later."
)


class CannotAudit(ValueError):
    """The run cannot be audited; the message is one sentence."""


@dataclass(frozen=True)
class Audit:
    """What was found; intervals are {"value", "low", "high"}."""

    run: int
    membership: dict[str, float | None]  # AUC
    members: int
    others: int
    shadows: int
    overlap: float
    inversion: Inversion | None  # None of a task with a base, which was not attacked
    contributions: list[dict[str, Any]]  # {"site", "value", "low", "high", "harms"}
    orders: int
    limits: str = LIMITS
    near: float | None = None  # part of the texts that are nearly the same as one of another site


def audit(run_id: int, *, shadows: int, orders: int, say: Callable[[str], None]) -> Audit:
    """Audit a run and keep what is found.

    Raises
    ------
    CannotAudit
        When it left no model, its rows are not here, or it has one site.
    fl.progress.UnknownRun
        When there is no such run.
    """
    run = get_run(run_id)
    if run.version_id is None:
        raise CannotAudit(f"run {run_id} left no model: there is nothing to attack.")
    if run.request.executor == "deployed":
        raise CannotAudit(f"run {run_id} was trained at real sites, whose rows are not here.")
    request, task, model = run.request, get_task(run.task), load_model(run.version_id)
    held = [sites.rows_of(request, site.position).rows for site in run.sites]
    say("comparing salted hashes of rows")
    shared = overlap(held)
    if task.adapts:
        say("comparing hashes of runs of five words")
        near = near_overlap(held)
        nothing: dict[str, float | None] = {"value": None, "low": None, "high": None}
        return _kept(Audit(run_id, nothing, len(sites.join(held)), 0, 0, shared, None, [], 0, near=near))
    say(f"training {shadows} copies of the run to attack it with")
    others = sites.join([sites.public_rows(run.task, "calibration"), sites.public_rows(run.task, "heldout")])
    members = sites.join(held)
    found = attack(
        request,
        flat_weights(model.network),
        model.preparation,
        members,
        others,
        sites=len(held),
        shadows=shadows,
    )
    worth: list[dict[str, Any]] = []
    if 1 < len(held) <= MOST_SITES:
        say(f"training the groups of {len(held)} sites")
        prepared = [tensors_of(task, rows, preparation_at(request, task, rows, model.preparation)) for rows in held]
        names = [site.name for site in run.sites]
        for each in contributions(request, names, prepared, model.preparation, orders):
            worth.append({"site": each.site, **each.value.as_json(), "harms": each.harms})
    say("reading a row from its gradient")
    public, split = sites.public_split(run.task)
    inversion = invert_row(task, model.network, model.preparation, public.take(split.calibration))
    result = Audit(run_id, found.as_json(), len(members), len(others), shadows, shared, inversion, worth, orders)
    return _kept(result)


def _kept(result: Audit) -> Audit:
    path = _path(result.run)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(asdict(result), indent=1).encode() + b"\n")
    return result


def last_audit(run_id: int) -> Audit | None:
    """Return what the last audit of a run found, None when there was none."""
    try:
        found = json.loads(_path(run_id).read_text(encoding="utf-8"))
        read = Inversion(**found["inversion"]) if found["inversion"] else None
        return Audit(**{**found, "inversion": read})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def sentences(found: Audit) -> list[str]:
    """Return an audit in words."""
    if found.inversion is None:
        return [
            f"Overlap: {100 * found.overlap:.2f} % of records are held by more than one site, by salted hashes; "
            f"{100 * (found.near or 0):.2f} % are nearly the same as one of another site.",
            NOT_ATTACKED,
            found.limits,
        ]
    auc = found.membership
    said = [
        f"Membership inference: AUC {auc['value']:.3f} (95 % {auc['low']:.3f} to {auc['high']:.3f}; .5 is a coin), "
        f"{found.shadows} copies of the run, {min(found.members, 400)} training rows against {min(found.others, 400)}.",
        f"Overlap: {100 * found.overlap:.2f} % of rows are held by more than one site, by salted hashes.",
        found.inversion.words(),
    ]
    for each in found.contributions:
        word = "harms the model" if each["harms"] else "helps" if each["low"] > 0 else "makes no clear difference"
        said.append(
            f"{each['site']} {word}: {each['value']:+.4f} nats of log loss ({each['low']:+.4f} to {each['high']:+.4f})."
        )
    if not found.contributions:
        said.append(f"Contributions are measured for 2 to {MOST_SITES} sites.")
    return [*said, found.limits]


def _path(run_id: int) -> Path:
    return get_settings().home / "audits" / f"run-{run_id}.json"
