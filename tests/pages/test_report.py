"""Admin, report: what an installation without one says, how one is asked for, followed and cancelled, what it shows."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from accounts.audit import entries
from accounts.permissions import Role
from benchmarks.report.charts import charts
from benchmarks.report.claims import CLAIMS
from benchmarks.report.page import parts
from components import reports
from components.report_charts import chart
from components.reports import REPORTS
from components.theme import DARK, LIGHT
from data import jobs
from tests.benchmarks.report_figures import FOUND
from tests.pages.conftest import OpenPage
from tests.pages.words import texts

STEPS = [{"what": "reading", "seconds": 4.0}, {"what": "training", "seconds": 20.0}]


@pytest.fixture(autouse=True)
def _nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "SHIPPED", tmp_path / "shipped")


def put(folder: Path, *, quick: bool = True) -> dict[str, Any]:
    """Put the files of a report into ``folder`` and return its figures."""
    folder.mkdir(parents=True)
    figures = {
        "commit": "abc1234",
        "machine": "x86_64, 2 cores",
        "load": 0.25,
        "command": "python -m benchmarks report --quick",
        "date": "2026-11-26T15:02:00+00:00",
        "quick": quick,
        "steps": STEPS,
        "parts": parts(FOUND),
        "charts": {name: each.as_json() for name, each in charts(FOUND).items()},
        **FOUND,
    }
    (folder / "benchmark_results.json").write_text(json.dumps(figures))
    (folder / "BENCHMARK_REPORT.md").write_text("# The report\n")
    (folder / "benchmark_charts.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return figures


def opened(page: OpenPage, **query: str) -> AppTest:
    app = page("admin", Role.ADMIN, query={"section": "report", **query}, timeout=60)
    assert not app.exception
    return app


def test_without_a_report_the_page_says_what_it_is_and_how_long_it_takes(page: OpenPage) -> None:
    app = opened(page)
    said = texts(app)
    assert "FED-MED, a system before MedHive, makes six claims" in said
    assert app.radio(key="report_kind").options == ["Quick, under four minutes", "Full, under forty minutes"]
    assert "No report yet." in said


def test_a_report_is_asked_for_once_in_a_process_of_its_own_and_that_is_in_the_audit_log(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(jobs, "_begin", lambda arguments, file: asked.append(arguments))
    app = opened(page)
    app.button(key="report_start").click().run()
    assert asked == [["benchmarks", "report", "--quick"]]
    assert [(entry.action, entry.subject) for entry in entries(limit=1)] == [("asked for a report", "report 1")]
    assert "Starting" in [bar.proto.text for bar in app.get("progress")]
    app = opened(page)
    assert app.button(key="report_start").disabled
    REPORTS.file(1).write("failed", 0, 2, {"quick": True}, "There is no room.")
    app = opened(page)
    app.radio(key="report_kind").set_value("full").run()
    REPORTS.file(1).write("running", 0, 2, {"quick": True, "began": time.time()})  # by somebody else, meanwhile
    app.button(key="report_start").click().run()
    assert "A report is being made: wait for its end, or cancel it." in texts(app)
    assert len(asked) == 1


def test_a_report_that_runs_says_where_it_is_and_how_long_it_will_take_as_the_last_one_did(page: OpenPage) -> None:
    put(REPORTS.file(1).folder)
    REPORTS.file(1).write("done", 2, 2, {"quick": True})
    now = time.time()
    told = {"quick": True, "began": now - 100, "what": "training", "within": "1 of 2 rounds done", "step_began": now}
    REPORTS.file(2).write("running", 1, 2, told)
    app = opened(page)
    assert [bar.proto.text for bar in app.get("progress")] == [r"Step 2 of 2\: training, 1 of 2 rounds done"]
    assert "1 min 40 s so far · about 2" in texts(app)  # of the 20 seconds that training took
    app.button(key="report_cancel_2").click().run()
    assert "It ends within seconds, and nothing of it is kept." in texts(app)
    assert list(REPORTS.file(2).path.parent.glob("2.cancel"))


def test_time_left_is_that_of_the_same_steps_before_and_unknown_without() -> None:
    job = jobs.Job(2, "running", 1, 2, {"step_began": 1000.0})
    assert reports.left(job, STEPS, 1005.0) == 15
    assert reports.left(job, STEPS, 1100.0) == 0
    assert reports.left(job, STEPS[:1], 1005.0) is None
    assert reports.left(jobs.Job(2, "running", 0, 0, {}), STEPS, 1005.0) is None


def test_a_report_that_failed_or_was_cancelled_says_so_in_a_sentence(page: OpenPage) -> None:
    REPORTS.file(1).write("failed", 0, 2, {"quick": True}, "medquad/medquad.jsonl is not here.")
    REPORTS.file(2).write("cancelled", 1, 2, {"quick": False})
    assert "Cancelled in step 2 of 2; nothing of it was kept." in texts(opened(page))
    failed = opened(page, report="1")
    assert failed.error[0].value == "The report was not made. medquad/medquad.jsonl is not here."


def test_a_report_shows_six_charts_beside_the_claims_where_it_was_made_and_its_files(page: OpenPage) -> None:
    figures = put(REPORTS.file(1).folder)
    REPORTS.file(1).write("done", 2, 2, {"quick": True})
    app = opened(page)
    said = texts(app)
    assert "Made 26 November 2026, 15:02 UTC" in said and "abc1234" in said and "intervals are wide" in said
    assert len(app.get("plotly_chart")) == 6
    bare = said.replace("\\", "")
    for name, claim in CLAIMS.items():
        assert claim.said in bare and claim.about in bare and figures["parts"][name]["measured"] in bare
    assert [button.label for button in app.get("download_button")] == [
        "Figures (JSON)",
        "Page (Markdown)",
        "Charts (PNG)",
    ]
    assert app.code[0].value == "python -m benchmarks report --quick"


def test_the_report_that_came_with_this_version_is_shown_as_that(page: OpenPage) -> None:
    put(reports.SHIPPED)
    assert "This is the report that came with this version of MedHive." in texts(opened(page))
    REPORTS.file(1).write("failed", 0, 2, {"quick": True}, "There is no room.")
    app = opened(page)
    assert app.selectbox[0].options == ["1: quick, failed", "the one that came with this version"]


def test_a_report_whose_files_are_spoilt_is_said(page: OpenPage) -> None:
    put(REPORTS.file(1).folder)
    (REPORTS.file(1).folder / "benchmark_results.json").write_text("{")
    REPORTS.file(1).write("done", 2, 2, {"quick": True})
    assert opened(page).error[0].value == "The files of this report are gone or spoilt."


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_each_chart_holds_the_figures_of_the_report(colours: Any) -> None:
    for name, told in charts(FOUND).items():
        figure = chart(told.as_json(), colours)
        assert [list(trace.y) for trace in figure.data] == [list(series.values) for series in told.series], name
        assert [trace.name for trace in figure.data] == [series.name for series in told.series]
        assert figure.layout.yaxis.type == ("log" if told.log else None)
    points = chart(charts(FOUND)["aggregation"].as_json(), colours).data[0]
    assert points.y[0] + points.error_y.array[0] == pytest.approx(FOUND["aggregation"]["equal"]["loss"]["high"])
    assert points.y[0] - points.error_y.arrayminus[0] == pytest.approx(FOUND["aggregation"]["equal"]["loss"]["low"])


@pytest.mark.slow
def test_a_report_started_by_the_app_tells_why_it_cannot_be_made(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tmp_path))
    file = REPORTS.file(reports.start(quick=True))
    assert ended(file).status == "failed"
    assert file.read().error == f"MEDHIVE_LANGUAGE_MODEL is {tmp_path}, which is no causal language model here."


@pytest.mark.slow
@pytest.mark.usefixtures("datasets")
def test_a_report_started_by_the_app_can_be_cancelled_at_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import tiny_language

    monkeypatch.setenv("MEDHIVE_LANGUAGE_MODEL", str(tiny_language.save(tmp_path / "tiny")))
    file = REPORTS.file(reports.start(quick=True))
    deadline = time.monotonic() + 60
    while not file.read().total and time.monotonic() < deadline:
        time.sleep(0.1)
    assert file.read().report["what"] == "reading base and records"
    file.cancel()
    began = time.monotonic()
    assert ended(file).status == "cancelled"
    assert time.monotonic() - began < 3


def ended(file: jobs.JobFile) -> jobs.Job:
    deadline = time.monotonic() + 60
    while file.read().status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    return file.read()
