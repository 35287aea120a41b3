"""Admin, compare strategies: what is asked, what a comparison shows, and what can be taken away."""

import csv
import io

import pytest

from accounts.permissions import Role
from components import admin_compare
from data import jobs
from fl.compare.command import report
from fl.compare.jobs import COMPARISONS
from fl.compare.study import Measured, Study, study_of
from tests.pages.conftest import OpenPage
from tests.pages.words import texts


def measured(study: Study) -> list[Measured]:
    loss = {"fedavg": 0.2, "agentic": 0.1}
    return [
        Measured(strategy, scenario.name, seed, loss[strategy] + 0.01 * seed, 0.95, 0.9, 0.1, refused=2)
        for scenario in study.scenarios
        for seed in study.seeds
        for strategy in study.strategies
    ]


@pytest.fixture
def study() -> Study:
    return study_of("breast_cancer", "agentic", "iid,label_flip:0.3", 3)


def test_a_comparison_is_shown_as_a_heat_map_a_table_and_a_command(page: OpenPage, study: Study) -> None:
    runs = measured(study)
    COMPARISONS.file(1).write("done", len(runs), study.runs, report(study, runs))
    app = page("admin", Role.ADMIN, query={"section": "compare"}, timeout=60)
    assert not app.exception
    assert "Lowest most often: Agentic, in 2 of 2 scenarios." in texts(app)
    shown = app.dataframe[0].value
    assert list(shown["Strategy"]) == ["fedavg", "agentic"] * 2
    assert shown["Scenario"][2] == "label flip at 30 % of the sites"
    assert "python -m fl compare --task breast_cancer" in app.code[0].value


def test_a_comparison_that_runs_shows_how_far_it_is_and_can_be_cancelled(page: OpenPage, study: Study) -> None:
    COMPARISONS.file(1).write("running", 4, study.runs, report(study, measured(study)[:4]))
    app = page("admin", Role.ADMIN, query={"section": "compare"}, timeout=60)
    assert not app.exception
    app.button(key="compare_cancel_1").click().run()
    assert "It stops within two seconds; what it has measured stays." in texts(app)


def test_starting_checks_what_is_asked_and_starts_one_at_a_time(
    page: OpenPage, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(jobs, "_begin", lambda arguments, file: asked.append(arguments))
    app = page("admin", Role.ADMIN, query={"section": "compare"}, timeout=60)
    app.multiselect(key="compare_strategies").set_value(["krum"])
    app.button(key="compare_start").click().run()
    given = ["--strategies", "fedavg,krum", "--scenario", "iid,label_flip:0.3", "--seeds", "5"]
    assert asked == [["fl", "compare", "--task", "breast_cancer", *given]]
    app = page("admin", Role.ADMIN, query={"section": "compare"}, timeout=60)
    app.button(key="compare_start").click().run()
    assert len(asked) == 1
    assert "A comparison is running: wait for its end, or cancel it." in texts(app)


def test_the_table_can_be_taken_away_with_all_digits(study: Study) -> None:
    rows = report(study, measured(study))["summary"]
    read = list(csv.DictReader(io.StringIO(admin_compare.table_csv(rows).decode())))
    assert [row["strategy"] for row in read] == ["fedavg", "agentic"] * 2
    assert float(read[1]["change"]) < -0.4


def test_every_scenario_on_offer_has_words() -> None:
    from fl.compare.scenario import CLEAN, CORRUPTED, DROPPING, SETS

    for name in (*CLEAN, *CORRUPTED, DROPPING, *SETS, "natural"):
        assert admin_compare.scenario_words(name) != name
