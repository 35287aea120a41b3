"""Admin, runs: the list with its filters, one run on the monitor, two runs laid over each other."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from accounts.permissions import Action
from components import charts, gate, run_acts
from components.run_details import setting_in_words
from components.run_monitor import FIGURES, run_monitor, task_title
from components.theme import duration, interval, number
from fl.runs import RunSummary, RunView, Status, get_run, list_runs
from models.registry import tasks

STATUSES: tuple[Status, ...] = ("queued", "running", "done", "failed", "cancelled")
SHOWN = 500


def runs() -> None:
    """Draw the list and what is ticked in it; ``?run=N`` opens one run."""
    asked = st.query_params.get("run", "")
    if asked.isdigit():
        if st.button("All runs", icon=":material/arrow_back:", type="tertiary", key="runs_back"):
            del st.query_params["run"]
            st.rerun()
        run_monitor(int(asked), can_cancel=gate.may(Action.CANCEL_RUN))
        return
    ticked = _list()
    if len(ticked) == 1:
        _queue(ticked[0])
    if len(ticked) == 1 and st.button(f"Open run {ticked[0]}", icon=":material/open_in_full:", key="runs_open"):
        st.query_params["run"] = str(ticked[0])
        st.rerun()
    if len(ticked) == 2:
        compare(get_run(max(ticked)), get_run(min(ticked)))
    if len(ticked) > 2:
        st.write("Two runs can be laid over each other. Leave two ticked.")


def _list() -> list[int]:
    task, status = _filters()
    found = list_runs(task=task, status=status, limit=SHOWN)
    if not found:
        chosen = task is not None or status is not None
        st.write("No run fits the filter." if chosen else "No run yet. Start the first one.")
        return []
    st.caption("Tick one run to open it, or two to lay them over each other.")
    queued = any(run.position_in_queue for run in found)
    picked = st.dataframe(
        [_row(run, queued) for run in found],
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs_table_{task}_{status}",
        alt="List of runs, the newest first",
        column_config={
            "Progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "AUC": st.column_config.NumberColumn(format="%.3f", help="On held-out rows, after the last round"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        },
    )
    return [found[row].id for row in picked.selection.rows if row < len(found)]


def _queue(run_id: int) -> None:
    """Offer to move the run, if it waits and the person may."""
    queue = sorted(list_runs(status="queued", limit=SHOWN), key=lambda run: run.position_in_queue or 0)
    waiting = [run for run in queue if run.id == run_id]
    if waiting and gate.may(Action.CANCEL_RUN):
        run_acts.move_buttons(waiting[0], queue)


def _filters() -> tuple[str | None, Status | None]:
    left, right, _ = st.columns([2, 2, 3])
    with left:
        task = st.selectbox(
            "Task", [None, *tasks()], format_func=lambda name: task_title(name) if name else "all", key="runs_task"
        )
    with right:
        status = st.selectbox("Status", [None, *STATUSES], format_func=lambda name: name or "all", key="runs_status")
    return task, status


def _row(run: RunSummary, queued: bool) -> dict[str, Any]:
    queue = {"Place in queue": run.position_in_queue, "Priority": run.priority} if queued else {}
    return {
        "Run": run.id,
        "Task": task_title(run.task),
        "Status": run.status,
        **queue,
        "Progress": run.round / max(run.rounds, 1),
        "AUC": run.auc,
        "Strategy": run.strategy,
        "Sites": run.sites,
        "Took": duration(run.elapsed),
        "Started": run.created_at,
        "By": run.requested_by_name,
    }


def compare(run: RunView, other: RunView) -> None:
    """Lay two runs over each other, and say what differs in their settings and results."""
    st.subheader(f"Run {run.id} and run {other.id}", anchor=False)
    if run.task != other.task:
        st.write(
            f"Run {run.id} is about {task_title(run.task)}, run {other.id} about {task_title(other.task)}: their "
            "figures do not compare. Tick two runs of one task."
        )
        return
    for column, metric in zip(st.columns(2, gap="large"), charts.metrics_of(run), strict=True):
        with column:
            sentence = charts.curve_sentence(run, metric, other)
            charts.show(charts.curves(run, metric, other), sentence, key=f"compare_{metric}_{run.id}_{other.id}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Final figures on held-out rows, with 95 % intervals**")
        st.dataframe(_figures(run, other), hide_index=True, key="compare_figures")
    with right:
        st.markdown("**Settings that differ**")
        different = different_settings(run, other)
        if different:
            st.dataframe(different, hide_index=True, key="compare_settings")
        else:
            st.write("None: the two runs were asked for alike.")


def _figures(*both: RunView) -> list[dict[str, str]]:
    return [{"Figure": label} | {f"Run {run.id}": _figure(run, metric) for run in both} for metric, label in FIGURES]


def _figure(run: RunView, metric: str) -> str:
    score = run.final.get(metric)
    return f"{number(score['value'])} ({interval(score)})" if score else "none"


def different_settings(*both: RunView) -> list[dict[str, str]]:
    """Return the settings in which two runs differ, one line each."""
    asked: Sequence[dict[str, Any]] = [run.request.to_json() for run in both]
    return [
        {"Setting": name.replace("_", " ")}
        | {f"Run {run.id}": setting_in_words(request[name]) for run, request in zip(both, asked, strict=True)}
        for name in asked[0]
        if asked[0][name] != asked[1][name]
    ]
