"""What is said and drawn about a run: curves, sentences, the hive, tables and downloads."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components import benefit, charts, run_details, run_hive
from components.theme import DARK, LIGHT, duration, interval, number
from fl.runs import RunView, get_run
from rag.spreadsheet import safe_cell
from tests.components.runs_in_database import add_run


@pytest.fixture
def run(home: Path) -> RunView:
    return get_run(add_run())


def test_the_global_line_is_teal_and_thick_and_sites_are_one_thin_grey_trace(run: RunView) -> None:
    sites, model = charts.curves(run, "auc", colours=LIGHT).data
    assert (sites.line.color, sites.line.width, sites.hoverinfo) == (LIGHT.quiet, 1, "skip")
    assert (model.line.color, model.line.width) == (LIGHT.alive, 3.2)
    assert list(model.y) == [0.5, 0.6, 0.7]
    assert list(sites.x) == [1, 2, None, 2, None, 1, 2, None]


@pytest.mark.parametrize("metric", ["loss", "auc"])
def test_charts_are_300_px_high_and_name_axes_with_unit(run: RunView, metric: charts.Metric) -> None:
    layout = charts.curves(run, metric, colours=DARK).layout
    assert layout.height == 300
    assert layout.hovermode == "x unified"
    assert layout.xaxis.title.text == "Round"
    assert ("nats" if metric == "loss" else "0 to 1") in layout.yaxis.title.text


def test_the_sentence_below_a_chart_says_the_numbers_of_the_chart(run: RunView) -> None:
    assert charts.curve_sentence(run, "auc") == (
        "AUC of the global model rose from 0.500 before training to 0.700 after round 2. "
        "The updates of its 3 sites lay between 0.680 and 0.700 then."
    )
    assert charts.curve_sentence(run, "loss").startswith("Log loss of the global model fell from 0.700")


def test_before_the_first_round_the_sentence_says_what_is_awaited(home: Path) -> None:
    waiting = get_run(add_run("queued"))
    assert charts.curve_sentence(waiting, "auc") == "AUC appears here when the first round is done."
    assert len(charts.curves(waiting, "auc", colours=LIGHT).data) == 1


def test_two_runs_are_laid_over_each_other_in_two_colours_and_dashes(run: RunView) -> None:
    other = get_run(add_run(strategy="fedprox", done=1))
    first, second = charts.curves(run, "auc", other, colours=LIGHT).data
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.line.color != second.line.color
    assert (first.name, second.name) == (f"Run {run.id}, fedavg", f"Run {other.id}, fedprox")
    assert charts.curve_sentence(run, "auc", other).endswith(": +0.100.")


def test_benefit_sets_each_site_alone_against_together_and_pooled(run: RunView) -> None:
    alone, together, pooled = charts.benefit_chart(run, colours=LIGHT).data
    assert list(alone.y) == ["Site A", "Site B"]
    assert set(together.x) == {0.99}
    assert set(pooled.x) == {0.995}
    said = benefit.benefit_sentence(run)
    assert "Together the sites reach AUC 0.990 (95 % interval 0.970 to 0.995)." in said
    assert "2 of 2 sites do better together. 1 site cannot train alone." in said
    assert said.endswith("reaches 0.995.")


def test_where_sites_standardise_for_themselves_each_has_its_own_score_together(run: RunView) -> None:
    def scored(value: float, at: int) -> dict[str, Any]:
        federated = {"auc": {"value": value, "low": value - 0.02, "high": value + 0.01}}
        return {**run.sites[at].benefit, "federated": federated}

    sites = [replace(run.sites[0], benefit=scored(0.94, 0)), replace(run.sites[1], benefit=scored(0.80, 1))]
    kept = replace(run, sites=sites, request=replace(run.request, standardise="site"))
    _, at_sites, line, _ = charts.benefit_chart(kept, colours=LIGHT).data
    assert dict(zip(at_sites.y, at_sites.x, strict=True)) == {"Site A": 0.94, "Site B": 0.80}
    assert set(line.x) == {0.99}  # the model for everybody else
    said = benefit.benefit_sentence(kept)
    assert "1 of 2 sites do better together. Each site uses the joined model with its own mean" in said


def test_further_training_is_drawn_as_a_change_at_each_site_with_its_interval(run: RunView) -> None:
    def gained(value: float, n: int) -> dict[str, Any]:
        return {"personal": {"n": n, "change": {"loss": {"value": value, "low": value - 0.1, "high": value + 0.1}}}}

    sites = [replace(run.sites[0], benefit=gained(-0.3, 30)), replace(run.sites[1], benefit=gained(0.1, 10))]
    further = replace(run, sites=sites, request=replace(run.request, personal=5))
    [change] = charts.personal_chart(further, colours=LIGHT).data
    assert list(change.x) == [0.1, -0.3] and list(change.customdata) == [10, 30]
    said = benefit.personal_sentence(further)
    assert "With 5 epochs of further training" in said and "lower at 1 of 2 sites" in said
    assert "below 0 at 1, above it at 0). Over all 40 rows it changes by -0.200." in said
    few = {"personal": {"n": 3, "change": {"loss": {"value": -0.1, "low": None, "high": None}}}}
    further = replace(further, sites=[sites[0], replace(sites[1], benefit=few)])
    assert "lower at 2 of 2 sites (95 % interval below 0 at 1, above it at 0, too few rows for one at 1)" in (
        benefit.personal_sentence(further)
    )
    [change] = charts.personal_chart(further, colours=LIGHT).data
    assert list(change.error_x.array) == [0.0, pytest.approx(0.1)]
    assert "No site had rows enough" in benefit.personal_sentence(replace(further, sites=run.sites))


def test_a_run_without_benefit_says_so(home: Path) -> None:
    assert "asked not to measure" in benefit.benefit_sentence(get_run(add_run("cancelled", benefit=False)))
    assert "at the end of a run" in benefit.benefit_sentence(get_run(add_run("running")))


def test_the_hive_of_an_earlier_round_shows_who_was_refused_then(run: RunView) -> None:
    assert [cell.state for cell in run_hive.cells(run, 1)] == ["answered", "refused", "answered"]
    assert [cell.state for cell in run_hive.cells(run, 2)] == ["answered"] * 3
    assert [cell.state for cell in run_hive.cells(run, 0)] == ["waiting"] * 3
    assert run_hive.round_caption(run, 1) == (
        "Round 1 · 2 updates in 20 ms · AUC 0.600 · log loss 0.600 · Site B: sent NaN"
    )


def test_the_names_of_contributing_sites_are_hidden_from_those_who_may_not_watch(run: RunView) -> None:
    from dataclasses import replace

    secret = replace(run, sites=[replace(run.sites[0], site_id=7, name="St. Mary"), *run.sites[1:]])
    assert [cell.name for cell in run_hive.cells(secret, named=False)] == ["Contributor 1", "Site B", "Site C"]
    assert run_hive.cells(secret)[0].name == "St. Mary"


@pytest.mark.parametrize(
    ("status", "said"),
    [("queued", "Starts next."), ("running", "Round 2 of 4 · 3 of 3 updates in"), ("cancelled", "after round 2 of 4")],
)
def test_the_caption_says_where_a_run_stands(home: Path, status: str, said: str) -> None:
    assert said in run_hive.caption(get_run(add_run(status)))


def test_the_caption_of_a_finished_run_gives_the_interval(run: RunView) -> None:
    assert run_hive.caption(run).endswith("AUC 0.990, 95 % interval 0.970 to 0.995")


def test_the_history_as_csv_has_a_line_a_round_and_names_who_was_left_out(run: RunView) -> None:
    lines = list(csv.DictReader(io.StringIO(run_details.history_csv(run).decode())))
    assert [line["round"] for line in lines] == ["0", "1", "2"]
    assert lines[1]["left_out"] == "Site B: sent NaN"
    assert float(lines[2]["auc"]) == pytest.approx(0.7)


def test_a_text_is_never_taken_for_a_formula_by_a_spreadsheet() -> None:
    assert safe_cell("=1+1") == "'=1+1"
    assert safe_cell("Site A") == "Site A"


def test_the_run_as_json_can_be_read_by_any_program(run: RunView) -> None:
    document = json.loads(run_details.history_json(run))
    assert document["request"]["task"] == "breast_cancer"
    assert len(document["history"]) == 3
    assert "NaN" not in run_details.history_json(run).decode().replace("sent NaN", "").replace("<b>NaN</b>", "")


def test_the_site_table_counts_kilobytes_and_benefit(run: RunView) -> None:
    table = run_details.site_table(run)
    assert table["Benefit"].round(3).tolist()[:2] == [0.09, 0.08]
    assert table["Benefit"].isna().tolist() == [False, False, True]
    assert table["Sent (kB)"].tolist() == [2.0] * 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0.0 s"),
        (0.018, "18 ms"),
        (0.42, "0.4 s"),
        (12.4, "12 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_a_length_of_time_is_said_in_fitting_units(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_that_do_not_exist_are_called_not_defined() -> None:
    assert number(float("nan")) == "not defined"
    assert number(None) == "not defined"
    assert interval(None) == ""
    assert interval({"value": 0.1, "low": -0.2, "high": 0.3}, signed=True) == "-0.200 to +0.300"


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lines_stand_out_by_three_to_one_and_small_text_by_four_and_a_half(palette: charts.Palette) -> None:
    for colour in (palette.alive, palette.other, palette.attention, palette.refusal, palette.quiet):
        assert contrast(colour, palette.paper) >= 3
    for colour in (palette.muted, palette.text):
        assert contrast(colour, palette.paper) >= 4.5


def test_a_long_run_is_drawn_thinned_out_with_its_last_round_and_says_so(home: Path) -> None:
    long = get_run(add_run("running", done=400, rounds=900))
    sites, model = charts.curves(long, "auc", colours=LIGHT).data
    assert len(model.x) <= charts.MOST_ROUNDS + 1
    assert model.x[-1] == 400
    assert len(sites.x) <= charts.MOST_SITE_POINTS
    assert f"{len(model.x)} of its rounds are drawn." in charts.curve_sentence(long, "auc")


def test_a_large_run_is_looked_at_less_often(home: Path) -> None:
    from components.run_monitor import REFRESH, refresh

    assert refresh(get_run(add_run("running"))) == pytest.approx(REFRESH, abs=0.01)
    assert refresh(get_run(add_run("running", sites=300, done=0, rounds=1000))) == 4.0
