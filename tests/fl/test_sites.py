"""Who takes part in a run, and which rows a site trains on."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from data import vault
from data.database import transaction
from data.sites import ensure_site
from data.table import Dataset
from fl.federation import federate
from fl.request import RequestError, RunRequest
from fl.sites import described, join, public_split, roster, rows_of
from fl.watcher import QuorumLost, Stop
from models.registry import get_task
from tests.fl.told import Told
from tests.tampering import change_one_bit

TASK = "breast_cancer"
REQUEST = RunRequest(TASK, sites=2, rounds=1, benefit=False)


def contribute(site: str, rows: Dataset, task: str = TASK) -> int:
    with transaction() as session:
        site_id = ensure_site(session, site).id
    digest = hashlib.sha256(rows.x.tobytes()).hexdigest()
    return vault.store(rows, task=task, site_id=site_id, filename="a.csv", file_sha256=digest, by=None).dataset_id


def generated(n: int, seed: int) -> Dataset:
    return get_task(TASK).generate(n, seed)


def test_public_parts_come_first_and_datasets_of_one_site_train_together(home: object) -> None:
    datasets = (contribute("Alpha", generated(30, 1)), contribute("Beta", generated(20, 2)))
    datasets += (contribute("Alpha", generated(15, 3)),)
    request = replace(REQUEST, datasets=datasets)
    sites = roster(request)
    assert [site.name for site in sites] == ["Site A", "Site B", "Alpha", "Beta"]
    assert [site.position for site in sites] == [0, 1, 2, 3]
    assert (sites[2].samples, sites[2].dataset_ids) == (45, (datasets[0], datasets[2]))
    assert sites[0].site_id is None and sites[2].site_id is not None
    assert len(rows_of(request, 2).rows) == 45


def test_generated_rows_are_counted_in_what_a_manifest_says_of_the_data(home: object) -> None:
    request = replace(REQUEST, datasets=(contribute("Alpha", generated(30, 1)),))
    data = described(request, roster(request))
    assert data["n_synthetic"] == 30
    assert data["n_training"] == 30 + len(public_split(TASK)[1].training)
    assert data["synthetic"] is False


def test_public_parts_hold_every_training_row_once_and_no_held_out_row(home: object) -> None:
    rows, split = public_split(TASK)
    parts = [rows_of(REQUEST, position).rows for position in range(2)]
    hashes = sorted(digest for part in parts for digest in part.row_hashes)
    assert hashes == sorted(rows.take(split.training).row_hashes)
    assert not set(hashes) & set(rows.take(split.heldout).row_hashes)


def test_contributed_rows_that_are_held_out_are_left_out_and_named(home: object) -> None:
    public, split = public_split(TASK)
    kept_back = [public.take(split.heldout[:3]), public.take(split.calibration[:2])]
    number = contribute("Alpha", join([generated(30, 1), *kept_back]))
    told = Told()
    outcome = federate(replace(REQUEST, datasets=(number,)), watcher=told, stop=Stop())
    assert "Alpha left out 5 rows that are also held out for scoring." in told.events
    assert outcome.sites[2].samples == 30 and told.names[2].samples == 35
    assert outcome.data["sites"][2] == {"name": "Alpha", "samples": 30}


def test_a_site_with_nothing_but_held_out_rows_is_left_out_and_named(home: object) -> None:
    public, split = public_split(TASK)
    number = contribute("Alpha", public.take(split.heldout))
    told = Told()
    outcome = federate(replace(REQUEST, datasets=(number,)), watcher=told, stop=Stop())
    assert [failure.site for failure in outcome.rounds[-1].failures] == ["Alpha"]
    assert any("it has no rows left to train on" in event for event in told.events)


def test_contributed_data_alone_make_a_run(home: object) -> None:
    number = contribute("Alpha", generated(60, 1))
    outcome = federate(replace(REQUEST, sites=0, datasets=(number,)), watcher=Told(), stop=Stop())
    assert [site.name for site in outcome.sites] == ["Alpha"] and np.isfinite(outcome.weights).all()


def test_a_site_named_like_a_public_part_is_told_apart(home: object) -> None:
    number = contribute("Site A", generated(30, 1))
    assert [site.name for site in roster(replace(REQUEST, datasets=(number,)))] == [
        "Site A",
        "Site B",
        "Site A (contributed)",
    ]


def test_unknown_withdrawn_and_foreign_datasets_are_refused_with_a_sentence(home: object) -> None:
    number = contribute("Alpha", generated(30, 1))
    other = contribute("Alpha", get_task("vitals").generate(30, 1), task="vitals")
    with pytest.raises(RequestError, match="there is no dataset 99"):
        roster(replace(REQUEST, datasets=(number, 99)))
    with pytest.raises(RequestError, match=f"dataset {other} is of task vitals, not of breast_cancer"):
        roster(replace(REQUEST, datasets=(other,)))
    with transaction() as session:
        site_id = ensure_site(session, "Alpha").id
    vault.withdraw(number, site_id=site_id)
    with pytest.raises(RequestError, match="was withdrawn by Alpha"):
        roster(replace(REQUEST, datasets=(number,)))


def test_a_dataset_that_cannot_be_opened_drops_its_site_by_name(home: object) -> None:
    number = contribute("Alpha", generated(30, 1))
    request = replace(REQUEST, datasets=(number,))
    (path,) = (file for file in (home / "vault").rglob("*") if file.is_file())  # type: ignore[operator]
    change_one_bit(path)
    told = Told()
    federate(request, watcher=told, stop=Stop())
    assert any("Alpha was left out" in event and "was changed since it was stored" in event for event in told.events)
    with pytest.raises(QuorumLost, match="Alpha: The file of dataset"):
        federate(replace(request, sites=0), watcher=Told(), stop=Stop())
