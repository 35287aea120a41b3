"""Watching a run: the hive, where it stands, Cancel, curves, and everything it left behind.

While the run is active, fragments read the database again: hive and strip every 0.7 s, curves half as often. When it
ends the page is drawn once more, and a slider replays the rounds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import streamlit as st

from accounts.permissions import Action
from components import charts, gate, replay, run_acts, run_details, run_hive
from components.links import link
from components.theme import duration, figure, figures, interval, number

if TYPE_CHECKING:
    from fl.runs import RoundView, RunView

YOUNG = 0.8  # seconds since a run was asked for; hive and strip are drawn first then, charts and tables later
PATIENCE, LOOK = 0.3, 0.01  # seconds that the click on a run waits for its first round, between two looks
REFRESH = 0.7  # seconds; longer for runs with very many sites and rounds, which take longer to read
STATUS: dict[str, tuple[str, Literal["gray", "primary", "green", "red", "orange"]]] = {
    "queued": (":material/schedule:", "gray"),
    "running": (":material/sync:", "primary"),
    "done": (":material/check_circle:", "green"),
    "failed": (":material/error:", "red"),
    "cancelled": (":material/cancel:", "orange"),
}
FIGURES = (
    ("auc", "AUC"),
    ("accuracy", "Accuracy"),
    ("f1", "F1, mean over classes"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("perplexity", "Perplexity"),
    ("loss", "Log loss (nats)"),
    ("ece", "Calibration error"),
)


def run_monitor(run_id: int, *, can_cancel: bool) -> None:
    """Show a run, live while it is active.

    Parameters
    ----------
    run_id : the run; an unknown one is said in a sentence.
    can_cancel : whether to offer Cancel and Resume; whoever presses one is checked again.
    """
    from fl.runs import UnknownRun, get_run

    try:
        run = get_run(run_id)
    except UnknownRun as error:
        st.error(str(error))
        return
    if run.active:
        # Two fragments, so that Cancel never waits for curves to be drawn.
        st.fragment(_live, run_every=refresh(run))(run_id, can_cancel)
        st.fragment(_live_curves, run_every=2 * refresh(run))(run_id)
    else:
        playing = replay.playing(run_id)
        st.fragment(_finished, run_every=replay.SECONDS if playing else None)(run_id, can_cancel)


def refresh(run: RunView) -> float:
    """Return the seconds between two looks at a run."""
    return min(4.0, REFRESH + len(run.sites) * run.rounds / 6000)


def _live(run_id: int, can_cancel: bool) -> None:
    from fl.runs import get_run

    run = get_run(run_id)
    if not run.active:
        st.rerun()
    _heading(run)
    hive, strip = st.columns([5, 4], gap="large")
    with strip:
        _strip(run)
        if can_cancel:
            run_acts.cancel_button(run)
    with hive:
        run_hive.show_now(run, key=f"monitor_hive_{run_id}")


def await_first_round(run_id: int) -> None:
    """Wait a moment for the first round of a run just asked for: a warm worker has it before a page could be drawn.

    Called before anything of that page is drawn, so that server and browser leave the processor to the worker.
    """
    from fl.runs import glance, worker_status

    worker = worker_status()
    give_up = time.monotonic() + (PATIENCE if worker.warm and worker.busy_run is None else 0.0)
    while time.monotonic() < give_up:
        seen = glance(run_id)
        if seen.round or not seen.active:
            return
        time.sleep(LOOK)


def _live_curves(run_id: int) -> None:
    from fl.runs import get_run, glance

    if glance(run_id).age < YOUNG:  # drawing them takes the browser longer than the first rounds take
        for column in st.columns(2, gap="large"):
            column.space(charts.HEIGHT)
        return
    run = get_run(run_id)
    _curves(run)
    run_details.tabs(run)


def _finished(run_id: int, can_cancel: bool) -> None:
    from fl.runs import get_run

    run = get_run(run_id)
    _heading(run)
    hive, strip = st.columns([5, 4], gap="large")
    at = run.round
    with hive:
        place = st.container()
        at = replay.controls(run)
        with place:
            run_hive.show_round(run, at, key=f"monitor_hive_{run_id}") if run.history else run_hive.show_now(
                run, key=f"monitor_hive_{run_id}"
            )
    with strip:
        _result(run)
        if can_cancel and run.status in ("cancelled", "failed"):
            run_acts.resume_button(run)
    _curves(run, at if at < run.round else None)
    run_details.tabs(run)


def _heading(run: RunView) -> None:
    icon, colour = STATUS[run.status]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"Run {run.id}, {task_title(run.task)}", anchor=False, width="content")
        st.badge(run.status, icon=icon, color=colour)


def task_title(name: str) -> str:
    """Return a task's title, or its name when its folder is gone."""
    from models.registry import UnknownTask, get_task

    try:
        return get_task(name).title
    except UnknownTask:
        return name


def _strip(run: RunView) -> None:
    st.progress(min(run.round / max(run.rounds, 1), 1.0), text=f"Round {run.round} of {run.rounds}")
    last = run.history[-1] if run.history else None
    figures(
        [
            ("Elapsed", duration(run.elapsed), ""),
            ("Remaining", run_hive.left(run), _warm_up(run)),
            (f"{_word(last)} now", number(_beside(last)) if last else "–", "held-out rows"),
            ("Log loss now", number(last.loss) if last else "–", "nats, held-out rows"),
        ]
    )
    st.caption(run_hive.caption(run) if run.status == "queued" else f"Now: {run.phase or 'starting'}")


def _word(last: RoundView | None) -> str:
    return "Perplexity" if last and "perplexity" in last.metrics else "AUC"


def _beside(last: RoundView) -> float | None:
    """Return the score beside the loss: AUC, or perplexity where answers are written."""
    return last.metrics.get("perplexity", last.metrics.get("auc"))


def _warm_up(run: RunView) -> str:
    if run.history:
        return ""
    return "known after the first round" if run.remaining is None else "with the warm-up"


def _result(run: RunView) -> None:
    if run.error:
        st.error(run.error)
    if run.final:
        figures(
            [
                (label, number(score["value"]), interval(score))
                for metric, label in FIGURES
                if (score := run.final.get(metric))
            ]
        )
        st.caption(
            "The model after the last round on held-out rows that no site trains on, with 95 % bootstrap intervals."
        )
    elif run.history:
        last = run.history[-1]
        scores = [(_word(last), number(_beside(last)), ""), ("Log loss (nats)", number(last.loss), "")]
        figures(scores)
        st.caption(f"The last good model, after round {last.round} of {run.rounds}, on held-out rows.")
    elif not run.error:
        st.write("The run ended before its first round.")
    figure("Took", duration(run.elapsed), f"{run.executor} executor" if run.executor else "")
    if run.version_id is not None:
        _version(run.version_id)


def _version(version_id: int) -> None:
    from models.versions import get_version

    version = get_version(version_id)
    standing = "the champion" if version.champion else "a challenger"
    st.write(f"Became {version.label}, {standing}.")
    if gate.may(Action.PROMOTE):
        query = {"section": "decision", "version": str(version_id)}
        link("Compare and decide", "admin.py", query, key=f"monitor_decide_{version_id}", icon=":material/balance:")


def _curves(run: RunView, marked: int | None = None) -> None:
    for column, metric in zip(st.columns(2, gap="large"), charts.metrics_of(run), strict=True):
        with column:
            drawn = charts.curves(run, metric, marked=marked)
            charts.show(drawn, charts.curve_sentence(run, metric), key=f"monitor_{metric}_{run.id}")
