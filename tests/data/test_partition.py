"""Held-out rows never move; every other row belongs to exactly one site."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.partition import hold_out, parse_partition, partition, set_aside, site_name
from data.table import Dataset

modest = settings(max_examples=40, deadline=None)


def rows(n: int, seed: int = 0, hospitals: int = 0, distinct: int | None = None) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    if distinct:
        x = x[rng.integers(min(distinct, n), size=n)]
    names = tuple(f"Hospital {i}" for i in rng.integers(hospitals, size=n)) if hospitals else None
    return Dataset(x, rng.integers(2, size=n), "drawn", natural_sites=names)


@modest
@given(n=st.integers(1, 120), data=st.data(), seed=st.integers(0, 2**32), alpha=st.floats(0.001, 10_000))
def test_every_row_belongs_to_exactly_one_site_and_no_site_is_empty(
    n: int, data: st.DataObject, seed: int, alpha: float
) -> None:
    dataset = rows(n, seed, hospitals=3)
    sites = data.draw(st.integers(1, n))
    for how in ("iid", f"dirichlet:{alpha}", "natural"):
        parts = partition(dataset, how, sites, seed)
        assert sorted(np.concatenate([index for _, index in parts])) == list(range(n))
        assert all(len(index) for _, index in parts)
        assert len({name for name, _ in parts}) == len(parts)
        assert how == "natural" or len(parts) == sites


@modest
@given(n=st.integers(1, 120), seed=st.integers(0, 2**32), distinct=st.integers(1, 60))
def test_about_a_fifth_is_set_aside_and_equal_rows_stay_together(n: int, seed: int, distinct: int) -> None:
    dataset = rows(n, seed, distinct=distinct)
    kept, aside = set_aside(dataset, (seed, 1))
    assert sorted([*kept, *aside]) == list(range(n))
    assert len(aside) <= 0.2 * n + 1 and (n >= 10 or not len(aside))
    hashes = dataset.row_hashes
    assert not {hashes[row] for row in kept} & {hashes[row] for row in aside}
    if distinct >= n >= 20:
        assert len(aside) >= 0.2 * n - 2


@modest
@given(seed=st.integers(0, 2**32), how=st.sampled_from(["iid", "dirichlet:0.3"]))
def test_the_same_seed_gives_the_same_parts(seed: int, how: str) -> None:
    first, second = (partition(rows(90), how, 7, seed) for _ in range(2))
    assert all(a == b and np.array_equal(i, j) for (a, i), (b, j) in zip(first, second, strict=True))


def test_another_seed_gives_other_parts() -> None:
    first, second = (partition(rows(90), "iid", 3, seed) for seed in (0, 1))
    assert not np.array_equal(first[0][1], second[0][1])


def test_iid_sites_differ_in_size_by_one_row_at_most() -> None:
    sizes = [len(index) for _, index in partition(rows(103), "iid", 10, 0)]
    assert set(sizes) == {10, 11}


def test_a_small_alpha_makes_classes_less_alike_than_a_large_one() -> None:
    dataset = rows(1000)

    def spread(how: str) -> float:
        return float(np.std([dataset.y[index].mean() for _, index in partition(dataset, how, 5, 0)]))

    assert spread("dirichlet:0.1") > 3 * spread("dirichlet:1000")


def test_natural_sites_carry_their_hospitals_names() -> None:
    dataset = rows(60, hospitals=3)
    assert dataset.natural_sites is not None
    for name, index in partition(dataset, "natural", 99, 0):
        assert {dataset.natural_sites[i] for i in index} == {name}


@pytest.mark.parametrize(
    ("how", "sites", "says"),
    [
        ("natural", 2, "do not name hospitals"),
        ("iid", 0, "choose 1 to 30 sites"),
        ("iid", 31, "choose 1 to 30 sites"),
        ("IID", 3, "unknown partition"),
        ("dirichlet", 3, "dirichlet:ALPHA"),
        ("dirichlet:", 3, "no Dirichlet"),
        ("dirichlet:zero", 3, "no Dirichlet"),
        ("dirichlet:0", 3, "no Dirichlet"),
        ("dirichlet:nan", 3, "no Dirichlet"),
        ("dirichlet:inf", 3, "no Dirichlet"),
        ("dirichlet:-1", 3, "no Dirichlet"),
    ],
)
def test_a_wrong_partition_is_refused_with_what_would_be_right(how: str, sites: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        partition(rows(30), how, sites, 0)


def test_a_partition_is_read_once_for_all() -> None:
    assert parse_partition("dirichlet:0.3") == ("dirichlet", 0.3)
    assert parse_partition("natural") == ("natural", None)


def test_sites_are_named_like_columns_of_a_spreadsheet() -> None:
    assert [site_name(i) for i in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        "Site A", "Site Z", "Site AA", "Site AB", "Site AZ", "Site BA", "Site ZZ", "Site AAA",
    ]  # fmt: skip


@modest
@given(n=st.integers(60, 300), seed=st.integers(0, 2**32), hospitals=st.integers(0, 3), distinct=st.integers(40, 300))
def test_every_row_is_trained_on_calibrated_on_or_held_out_and_equal_rows_stay_together(
    n: int, seed: int, hospitals: int, distinct: int
) -> None:
    dataset = rows(n, seed, hospitals, distinct)
    split = hold_out(dataset)
    parts = (split.training, split.calibration, split.heldout)
    assert sorted(np.concatenate(parts)) == list(range(n))
    seen = [{dataset.row_hashes[i] for i in part} for part in parts]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


@modest
@given(seed=st.integers(0, 2**32))
def test_the_held_out_rows_do_not_depend_on_the_order_of_the_file(seed: int) -> None:
    dataset = rows(200, hospitals=2)
    order = np.random.default_rng(seed).permutation(200)
    held = {dataset.row_hashes[i] for i in hold_out(dataset).heldout}
    shuffled = dataset.take(order)
    assert {shuffled.row_hashes[i] for i in hold_out(shuffled).heldout} == held


def test_a_fifth_of_every_class_of_every_hospital_is_held_out_and_a_tenth_calibrates() -> None:
    dataset = rows(1000, hospitals=4)
    split = hold_out(dataset)
    assert dataset.natural_sites is not None
    strata = list(zip(dataset.natural_sites, dataset.y, strict=True))
    for stratum in set(strata):
        n = strata.count(stratum)
        assert sum(strata[i] == stratum for i in split.heldout) == round(0.2 * n)
        assert sum(strata[i] == stratum for i in split.calibration) == round(0.1 * n)


def test_too_few_distinct_rows_are_refused() -> None:
    same = Dataset(np.zeros((50, 2), np.float32), np.zeros(50, np.int64), "drawn")
    with pytest.raises(ValueError, match="at least 10 distinct rows"):
        hold_out(same)
