"""Admin, overview: is the worker there, what runs, what was contributed, what waits for a decision."""

import streamlit as st

from components.links import link
from components.theme import amount, duration
from data.vault import receipts
from fl.runs import active_run, list_runs, worker_status
from models.registry import tasks
from models.versions import VersionView, versions

NEWEST_RUNS = 1000  # that a tile counts


def overview() -> None:
    """Draw the tiles, and the versions that wait."""
    _tiles()
    waiting = challengers()
    st.subheader("Waiting for a decision", anchor=False)
    if not waiting:
        st.write("No version is newer than its task's champion.")
    titles = {name: task.title for name, task in tasks().items()}
    for version in waiting:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"waiting_{version.id}"):
            run = f"run {version.run_id}" if version.run_id else "shipped"
            st.markdown(f"**{titles.get(version.task, version.task)}, {version.label}** from {run}", width="stretch")
            query = {"section": "decision", "version": str(version.id)}
            link("Compare and decide", "admin.py", query, key=f"decide_{version.id}", icon=":material/balance:")
    _mlflow()


@st.fragment(run_every=3.0)
def _tiles() -> None:
    worker, run = worker_status(), active_run()
    runs, given = list_runs(limit=NEWEST_RUNS), receipts()
    done = sum(one.status == "done" for one in runs)
    queued = sum(one.status == "queued" for one in runs)
    state = "not running" if not worker.alive else "ready" if worker.warm else "warming up"
    sites, rows = len({receipt.site for receipt in given}), sum(receipt.rows for receipt in given)
    tiles = [("Worker", "busy" if worker.busy_run else state, _worker_note(worker.busy_run, worker.alive))]
    if run is None:
        tiles.append(("Active run", "none", f"{amount(done, 'run')} done"))
    else:
        left = f"about {duration(run.remaining)} left" if run.remaining is not None else run.phase
        tiles.append(("Active run", f"{run.round} of {run.rounds}", f"run {run.id}, {left}"))
    tiles.append(("Queue", str(queued), "runs that wait"))
    tiles.append(("Contributed rows", f"{rows:,}", f"{amount(len(given), 'dataset')}, {amount(sites, 'site')}"))
    for column, (label, value, note) in zip(st.columns(4), tiles, strict=True):
        column.metric(label, value, note, border=True, delta_color="off", delta_arrow="off")


def _worker_note(busy: int | None, alive: bool) -> str:
    if not alive:
        return "runs wait until it is back"
    return f"with run {busy}" if busy else "takes the next run at once"


def challengers() -> list[VersionView]:
    """Return each task's newest version where it is newer than the champion."""
    newest: dict[str, VersionView] = {}
    for version in versions():
        newest.setdefault(version.task, version)
    return [version for version in newest.values() if not version.champion]


def _mlflow() -> None:
    st.subheader("Records of all runs", anchor=False)
    st.write("Every run is also written to MLflow: parameters, curves, final figures.")
    if st.button("Open MLflow", icon=":material/monitoring:", key="admin_mlflow"):
        from fl.supervisor import start_mlflow_ui

        try:
            with st.spinner("Starting MLflow, a few seconds the first time"):
                st.session_state["mlflow_url"] = start_mlflow_ui()
        except (OSError, RuntimeError, TimeoutError) as error:
            st.error(f"MLflow did not start: {error}")
    if url := st.session_state.get("mlflow_url"):
        st.link_button("MLflow is ready", url, icon=":material/open_in_new:")
        st.caption(f"{url} answers only on the machine that MedHive runs on.")
