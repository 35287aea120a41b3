"""From a version that a run made to the files that come with its task: weights, manifest, and figures in the card."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from data.database import RoundRecord, transaction
from data.whole_file import write_whole
from models.behaviour import behaviour
from models.card import with_figures
from models.comparison import heldout_rows
from models.registry import get_task
from models.stored import MANIFEST, WEIGHTS
from models.token_metrics import at_sites
from models.versions import VersionView, load_model, plain_weights


def ship(version: VersionView, folder: Path, command: str) -> None:
    """Write ``version`` into ``folder`` as the model that comes with its task.

    Parameters
    ----------
    command : what makes it again.

    Raises
    ------
    models.versions.VersionError
        When its weights are missing or were changed.
    """
    task = get_task(version.task)
    manifest = {**version.manifest, "shipped": True, "command": command}
    if task.adapts and (curve := curve_of(version)):
        manifest["curve"] = curve
    if not task.generates:
        manifest["behaviour"] = behaviour(load_model(version.id), heldout_rows(task)).to_json()
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / WEIGHTS, plain_weights(version.id))
    write_whole(folder / MANIFEST, text.encode() + b"\n")
    write_whole(folder / "card.md", with_figures(task.card, manifest).encode())


def curve_of(version: VersionView) -> list[dict[str, Any]]:
    """Return round, loss and the loss at each site, from round 0 to the version's; nothing for one of no run."""
    query = select(RoundRecord).where(RoundRecord.run_id == version.run_id).order_by(RoundRecord.round)
    with transaction() as session:
        rows = [(each.round, each.loss, dict(each.metrics)) for each in session.scalars(query)]
    return [
        {"round": number, "loss": loss, **at_sites(metrics)}
        for number, loss, metrics in rows
        if number <= version.manifest["rounds"]
    ]
