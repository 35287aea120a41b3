"""What a site gained, in words and numbers."""

from typing import Any

import pytest

from components.plain_text import plain
from components.site_benefit import benefit_table, gain, headline
from data.database import now
from fl.runs import SiteBenefit


def entry(**scores: tuple[float | None, float | None, float | None]) -> SiteBenefit:
    benefit: dict[str, Any] = {
        kind: {"auc": {"value": value, "low": low, "high": high}} for kind, (value, low, high) in scores.items()
    }
    return SiteBenefit(7, "vitals", "done", now(), 40, benefit, None)


def test_a_clear_gain_is_said_without_doubt() -> None:
    said = headline(entry(local=(0.80, 0.78, 0.82), federated=(0.90, 0.88, 0.92)))
    assert said == "Run 7: the federated model reaches AUC 0.900, 0.100 more than your site alone (0.800)."


def test_a_loss_is_said_as_plainly_as_a_gain_and_overlap_is_said_to_be_overlap() -> None:
    said = headline(entry(local=(0.91, 0.88, 0.94), federated=(0.90, 0.88, 0.92)))
    assert "0.010 less than your site alone (0.910). The intervals overlap" in said


@pytest.mark.parametrize("local", [{}, {"local": (None, None, None)}, {"local": (float("nan"), None, None)}])
def test_a_site_without_a_model_of_its_own_has_no_gain_and_is_told_why(local: dict[str, Any]) -> None:
    one = entry(federated=(0.9, 0.88, 0.92), **local)
    assert gain(one.benefit) is None
    assert "could not train a model" in headline(one)
    assert benefit_table([one])[0]["Alone"] == "not possible"


def test_typed_text_is_shown_letter_by_letter() -> None:
    assert plain("[a](http://b) *c* :red[d]\n$e$") == r"\[a\]\(http\://b\) \*c\* \:red\[d\] \$e\$"
