"""Standardising from sums: equal to pooled rows, and not spoilt by a site that measures in another unit."""

import numpy as np
import pytest

from data.table import FloatArray
from models.preparation import FEWEST_SITES, combine_moments, moments, out_of_line


def rows_of_sites(count: int = 6, rows: int = 40) -> list[FloatArray]:
    """Return sites that differ as hospitals do: a level, a skewed value, an indicator and a constant."""
    found = []
    for site in range(count):
        draw = np.random.default_rng(site)
        level = 140 + 12 * draw.standard_normal(rows) + 4 * draw.standard_normal()
        found.append(
            np.column_stack([level, draw.exponential(2 + site / 2, rows), draw.random(rows) < 0.1 * site, [3] * rows])
        )
    return [site.astype(np.float32) for site in found]


def test_sums_of_sites_give_mean_and_deviation_of_the_rows_pooled() -> None:
    sites = rows_of_sites()
    mean, scale = combine_moments([moments(site) for site in sites])
    pooled = np.concatenate(sites).astype(np.float64)
    np.testing.assert_allclose(mean, pooled.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale[:3], pooled.std(axis=0)[:3], rtol=1e-5)
    assert scale[3] == 1.0, "a feature that never varies is not divided by nothing"


def test_sites_that_only_differ_are_not_out_of_line() -> None:
    assert not out_of_line([moments(site) for site in rows_of_sites()]).any()


@pytest.mark.parametrize("change", [lambda x: 10 * x, lambda x: 18.0182 * x, lambda x: x + 1000])
def test_a_site_in_another_unit_is_found_and_does_not_change_how_the_others_are_standardised(change) -> None:  # type: ignore[no-untyped-def]  # lambdas
    sites = rows_of_sites()
    honest = combine_moments([moments(site) for site in [*sites[:2], *sites[3:]]])
    sites[2][:, 0] = change(sites[2][:, 0])
    answers = [moments(site) for site in sites]
    foreign = out_of_line(answers)
    assert np.argwhere(foreign).tolist() == [[2, 0]]
    mean, scale = combine_moments(answers, foreign)
    assert (mean[0], scale[0]) == (honest[0][0], honest[1][0])
    assert mean[1] != honest[0][1], "its other features count"


def test_among_few_sites_nobody_can_say_who_is_out_of_line() -> None:
    sites = rows_of_sites(FEWEST_SITES - 1)
    sites[0] *= 1000
    assert not out_of_line([moments(site) for site in sites]).any()
    tiny = [site[:4] for site in rows_of_sites()]
    tiny[0] = tiny[0] * 1000
    assert not out_of_line([moments(site) for site in tiny]).any()
