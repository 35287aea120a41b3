"""Admin, compare strategies: ask for a comparison, watch it, read it as a heat map and a table, take it away."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import streamlit as st

from accounts.permissions import Action
from components import charts, gate
from components.task_menu import task_menu
from components.theme import amount, palette
from data.jobs import Busy, Job
from fl.attacks import KINDS
from fl.compare.jobs import COMPARISONS, start
from fl.compare.scenario import CORRUPTED, DROPPING, SETS
from fl.compare.study import BASELINE, study_of
from fl.request import RequestError
from fl.strategies import STRATEGIES
from models.registry import UnknownTask, tasks
from models.task import Task

if TYPE_CHECKING:
    from plotly import graph_objects as go

FIRST = ("equal", "fedmedian", "multikrum", "agentic")
OF_SETS = {"all": "all of them", "clean": "all without wrong sites", "corrupted": "all with wrong sites"}
_ERROR = "compare_error"
_COLUMNS = {
    "scenario": "Scenario",
    "strategy": "Strategy",
    "loss": "Loss",
    "interval": "95 % interval",
    "auc": "AUC",
    "accuracy": "Accuracy",
    "change": "Loss against fedavg",
    "p": "p (paired)",
    "refused": "Updates refused",
    "dropped": "Updates missing",
    "failed": "Runs failed",
}


def compare() -> None:
    """Draw the form, and the comparison that the address names, or the newest."""
    with st.expander("New comparison", icon=":material/add:", expanded=not COMPARISONS.all()):
        _form()
    if error := st.session_state.pop(_ERROR, ""):
        st.error(error)
    known = [job.number for job in COMPARISONS.all()]
    if not known:
        st.write("No comparison yet. Choose strategies and scenarios, and start the first one.")
        return
    asked = st.query_params.get("comparison", "")
    number = int(asked) if asked.isdigit() and int(asked) in known else known[0]
    if len(known) > 1:
        number = st.selectbox(
            "Comparison", known, index=known.index(number), format_func=_job_words, key=f"compare_shown_{known[0]}"
        )
    if COMPARISONS.file(number).read().status == "running":
        _live(number)
    else:
        _result(number)


def _form() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        task = task_menu("compare_task")
        st.multiselect(
            "Strategies",
            [each for each, about in STRATEGIES.items() if each != BASELINE and not about.adapters],
            default=list(FIRST),
            format_func=lambda each: STRATEGIES[each].title,
            key="compare_strategies",
            help="Federated averaging is always among them: the others are tested against it, seed by seed.",
        )
    with right:
        st.multiselect(
            "Scenarios",
            _choices(task),
            default=["iid", "label_flip:0.3"],
            format_func=scenario_words,
            key=f"compare_scenarios_{task.name}",
        )
        st.number_input(
            "Seeds",
            2,
            50,
            5,
            key="compare_seeds",
            help="Each gives another division of the rows, other wrong sites and another start.",
        )
    st.button("Compare", type="primary", icon=":material/play_arrow:", key="compare_start", on_click=_start)


def _choices(task: Task) -> list[str]:
    natural = ["natural"] if task.natural_sites else []
    return ["iid", "dirichlet:0.3", "dirichlet:0.1", "skew:50", *natural, DROPPING, *CORRUPTED, *SETS]


def scenario_words(name: str) -> str:
    """Return a scenario in words: "label flip at 30 % of the sites"."""
    kind, _, number = name.partition(":")
    if name in OF_SETS:
        return OF_SETS[name]
    if kind in KINDS:
        return f"{kind.replace('_', ' ')} at {float(number):.0%} of the sites".replace("%", " %")
    words = {
        "iid": "evenly mixed",
        "natural": "real hospitals",
        "dirichlet": f"unlike each other (α {number})",
        "skew": f"sizes 1 to {number}",
        "drop": "half of the sites drop out",
    }
    return words.get(kind, name) if "+" not in name else name


def _start() -> None:
    person = gate.current_person()
    if person is None or not gate.may(Action.START_RUN):
        st.session_state[_ERROR] = "Your role may not start a comparison."
        return
    state = st.session_state
    task = state["compare_task"]
    strategies = ",".join([BASELINE, *state["compare_strategies"]])
    scenario = ",".join(state[f"compare_scenarios_{task}"]) or "iid"
    seeds = int(state["compare_seeds"])
    try:
        study_of(task, strategies, scenario, seeds)
    except (RequestError, UnknownTask) as error:
        state[_ERROR] = str(error)
        return
    try:
        number = start(task, strategies, scenario, seeds)
    except Busy:
        state[_ERROR] = "A comparison is running: wait for its end, or cancel it."
        return
    st.query_params.from_dict({"section": "compare", "comparison": str(number)})


def _job_words(number: int) -> str:
    job = COMPARISONS.file(number).read()
    title = tasks()[job.report["task"]].title if job.report["task"] in tasks() else job.report["task"]
    return f"{number}: {title}, {amount(job.done, 'run')}, {job.status}"


@st.fragment(run_every=1.0)
def _live(number: int) -> None:
    job = COMPARISONS.file(number).read()
    if job.status != "running":
        st.rerun()
    share = job.done / job.total if job.total else 0.0
    st.progress(share, f"{job.done} of {job.total} runs" if job.total else "starting")
    if st.button("Cancel the comparison", icon=":material/stop_circle:", key=f"compare_cancel_{number}"):
        COMPARISONS.file(number).cancel()
        st.caption("It stops within two seconds; what it has measured stays.")
    if job.report.get("summary"):
        _show(job, live=True)


def _result(number: int) -> None:
    job = COMPARISONS.file(number).read()
    if job.error:
        st.error(job.error)
    elif job.status == "cancelled":
        st.write(f"Cancelled after {job.done} of {job.total} runs.")
    if job.report.get("summary"):
        _show(job)


def _show(job: Job, *, live: bool = False) -> None:
    rows = job.report["summary"]
    charts.show(heat_map(rows), sentence(job.report), key=f"compare_heat_{job.number}")
    shown = [{title: _cell(row, name) for name, title in _COLUMNS.items()} for row in rows]
    st.dataframe(
        shown,
        hide_index=True,
        key=f"compare_table_{job.number}",
        alt="The comparison as a table",
        column_config={
            "Loss": st.column_config.NumberColumn(format="%.3f", help="Log loss on held-out rows, mean over seeds"),
            "AUC": st.column_config.NumberColumn(format="%.3f"),
            "Accuracy": st.column_config.NumberColumn(format="%.3f"),
            "p (paired)": st.column_config.TextColumn(help="Paired t-test over seeds"),
        },
    )
    if live:
        return
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            table_csv(rows),
            f"comparison-{job.number}.csv",
            "text/csv",
            icon=":material/download:",
            key=f"compare_csv_{job.number}",
        )
    st.caption("The same again, from the command line:")
    st.code(job.report["command"], language=None, wrap_lines=True)


def _cell(row: dict[str, Any], name: str) -> Any:
    if name == "scenario":
        return scenario_words(row["scenario"])
    if name == "interval":
        return "" if row["loss_low"] is None else f"{row['loss_low']:.3f} to {row['loss_high']:.3f}"
    if name == "change":
        if row["strategy"] == BASELINE or row["change_low"] is None:
            return ""
        return f"{row['change']:+.0%} ({row['change_low']:+.0%} to {row['change_high']:+.0%})".replace("%", " %")
    if name == "p":
        return "" if row["strategy"] == BASELINE or row["p"] is None else f"{row['p']:.3f}"
    return row[name]


def sentence(report: dict[str, Any]) -> str:
    """Return what the heat map shows, in words."""
    rows = [row for row in report["summary"] if row["loss"] is not None]
    if not rows:
        return "No run has come to a model."
    by_scenario: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_scenario.setdefault(row["scenario"], []).append(row)
    best = [min(own, key=lambda row: row["loss"])["strategy"] for own in by_scenario.values()]
    most = max(dict.fromkeys(best), key=best.count)
    seeds = max(row["seeds"] for row in rows)
    return (
        f"Mean log loss on {report['n_heldout']} held-out rows over {amount(seeds, 'seed')}; lower is better. Lowest "
        f"most often: {STRATEGIES[most].title}, in {best.count(most)} of {amount(len(best), 'scenario')}."
    )


def heat_map(rows: list[dict[str, Any]]) -> go.Figure:
    """Draw strategies by scenarios, coloured by the loss relative to the best of each scenario, with figures."""
    from plotly import graph_objects as go

    colours = palette()
    scenarios = list(dict.fromkeys(row["scenario"] for row in rows))
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    loss = {(row["scenario"], row["strategy"]): row["loss"] for row in rows}
    least = {
        name: min((value for (own, _), value in loss.items() if own == name and value is not None), default=1.0)
        for name in scenarios
    }
    values = [[loss.get((scenario, strategy)) for strategy in strategies] for scenario in scenarios]
    ratio = [
        [None if value is None else min(value / max(least[scenario], 1e-9), 3.0) for value in line]
        for scenario, line in zip(scenarios, values, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            x=strategies,
            y=[scenario_words(name) for name in scenarios],
            z=ratio,
            zmin=1.0,
            zmax=3.0,
            text=[["failed" if value is None else f"{value:.3f}" for value in line] for line in values],
            texttemplate="%{text}",
            textfont={"color": colours.text},
            colorscale=[
                [0.0, charts.faint(colours.alive)],
                [0.3, charts.faint(colours.quiet)],
                [1.0, charts.faint(colours.refusal)],
            ],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}, %{x}: log loss %{text}, %{z:.2f} times the best<extra></extra>",
        )
    )
    figure.update_layout(
        height=90 + 34 * len(scenarios),
        margin={"l": 0, "r": 0, "t": 34, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": colours.text},
    )
    figure.update_xaxes(side="top", automargin=True, showgrid=False, fixedrange=True, ticks="")
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False, fixedrange=True, ticks="")
    return figure


def table_csv(rows: list[dict[str, Any]]) -> bytes:
    """Return the summary as CSV with all digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
