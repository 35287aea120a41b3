"""Cross-validation scores every row once, by a federation that never saw it, and leaves nothing behind."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.partition import folds, folds_by_site, hold_out
from data.table import Dataset
from fl import sites
from fl.crossvalidation import cross_validate
from fl.request import RequestError
from models.__main__ import main
from models.card import with_cross_validation
from models.registry import get_task


@pytest.fixture
def few(home: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Task vitals with 200 rows and two short rounds."""
    rows = get_task("vitals").public().take(np.arange(200))
    kind = type(get_task("vitals"))
    monkeypatch.setattr(kind, "public", lambda self: rows)
    monkeypatch.setattr(kind, "training", kind.training.__class__(rounds=2, sites=4))
    for cached in (sites.public_split, sites.public_features):
        cached.cache_clear()
    yield rows
    for cached in (sites.public_split, sites.public_features):
        cached.cache_clear()


def test_every_row_is_held_out_once_and_equal_rows_stay_together() -> None:
    x = np.repeat(np.arange(60, dtype=np.float32)[:, None], 2, axis=0)
    rows = Dataset(x, (x[:, 0] % 3 == 0).astype(np.int64), "test")
    splits = folds(rows, 5, seed=1)
    assert sorted(np.concatenate([split.heldout for split in splits])) == list(range(120))
    for split in splits:
        parts = [set(x[index, 0]) for index in (split.training, split.calibration, split.heldout)]
        assert sum(map(len, parts)) == 60
        assert 0.2 < rows.y[split.heldout].mean() < 0.5


def test_leaving_out_sites_holds_out_each_of_them_whole() -> None:
    names = tuple(f"Hospital {row % 3}" for row in range(90))
    rows = Dataset(np.arange(90, dtype=np.float32)[:, None], np.arange(90) % 2, "test", natural_sites=names)
    splits = folds_by_site(rows, seed=0)
    assert [{names[row] for row in split.heldout} for split in splits] == [{f"Hospital {k}"} for k in range(3)]
    assert all(len(split.heldout) == 30 and 4 <= len(split.calibration) <= 10 for split in splits)
    with pytest.raises(ValueError, match="do not name two sites"):
        folds_by_site(Dataset(rows.x, rows.y, "test"), seed=0)


def test_few_patients_leave_most_of_them_to_train_on() -> None:
    groups = tuple(f"patient {row // 10}" for row in range(240))
    splits = folds(Dataset(np.arange(240, dtype=np.float32)[:, None], np.arange(240) % 2, "t", groups=groups), 6, 0)
    for split in splits:
        kept = {groups[row] for row in split.calibration}
        assert 2 <= len(kept) <= 3 and len({groups[row] for row in split.training}) >= 17


def test_too_few_rows_for_the_folds_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="20 rows cannot be divided into 7 folds"):
        folds(Dataset(np.zeros((20, 1), np.float32), np.zeros(20, np.int64), "test"), 7, seed=0)


def test_no_fold_trains_or_calibrates_on_what_it_scores(few: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[bytes]] = []
    federate = cross_validate.__globals__["federate"]

    def watched(request, **more):  # type: ignore[no-untyped-def]
        outcome = federate(request, **more)
        split = sites.public_split("vitals")[1]
        trained = [sites.rows_of(request, site.position).rows for site in outcome.sites]
        used = {digest for rows in trained for digest in rows.row_hashes}
        assert not used & set(few.take(split.heldout).row_hashes)
        seen.append(used)
        return outcome

    monkeypatch.setitem(cross_validate.__globals__, "federate", watched)
    found = cross_validate("vitals", 3, seed=2)
    assert len(seen) == 3 and found.n == 200 and found.sites == 4
    assert 0 <= found.federated["auc"] <= 1 and found.scores["auc"]["low"] is not None
    assert (sites.public_split("vitals")[1].heldout == hold_out(few).heldout).all()


def test_a_single_fold_is_refused(few: Dataset) -> None:
    with pytest.raises(RequestError, match="folds"):
        cross_validate("vitals", 1)


def test_the_command_writes_figures_that_the_card_shows(few: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    assert main(["crossvalidate", "vitals", "--folds", "2", "--seed", "3", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    card = with_cross_validation("# T\n\n## Figures\n\nx\n\n## Use and limits\n", found)
    assert card.index("## Figures") < card.index("## Cross-validation") < card.index("## Use and limits")
    assert f"{found['federated']['auc']:.3f}" in card and "--folds 2 --seed 3" in card
    assert with_cross_validation(card, found) == card
