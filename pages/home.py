"""Home: what MedHive is, the hive, the last run, and the champions with their figures."""

import streamlit as st

from accounts.permissions import Action
from components import charts, gate, run_hive, theme, tour
from components.champions import champion_card, champions
from components.hive_map import hive_map
from components.run_monitor import run_monitor, task_title
from fl.runs import RunView, active_run, latest_run, list_runs

REFRESH = 1.0  # seconds, while a run is active


def page() -> None:
    """Draw the page for whoever looks at it."""
    tour.bar()
    promise, hive = st.columns([6, 5], gap="large", vertical_alignment="center")
    with promise:
        _promise()
    shown = active_run() or latest_run()
    with hive:
        st.fragment(_hive, run_every=REFRESH if shown and shown.active else None)()
    st.space("medium")
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.header("Last run", anchor=False)
        _last_run()
    with right:
        st.header("Champions", anchor=False)
        _champions()


def _promise() -> None:
    theme.page(
        "Hospitals learn together. Patients stay home.",
        "Each site trains on its own records. Only model updates travel. Everyone gets the resulting model, and sees "
        "how much better it is than training alone.",
        eyebrow="Federated learning for medicine",
    )
    _continue()
    with st.container(horizontal=True, gap="small"):
        if st.button("Start the three-minute tour", type="primary", icon=":material/play_arrow:", key="home_tour"):
            tour.begin()
            if st.session_state.pop("tour_go", False):
                st.switch_page("admin.py", query_params={"section": "start"})
        if st.button("Try a model", icon=":material/neurology:", key="home_try"):
            st.switch_page("model_hive.py")
    st.caption("Sign in as demo admin, start a run, watch it, promote its model, try it.")


def _continue() -> None:
    """Tell somebody signed in what waits for them."""
    person = gate.current_person()
    if person is None:
        return
    run = active_run()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="home_continue"):
        st.markdown("Continue where you were:")
        if run is not None and gate.may(Action.START_RUN):
            _link(f"Run {run.id} is {run.status}", "admin.py", {"section": "runs", "run": str(run.id)})
        elif gate.may(Action.PROMOTE):
            _link("Runs and decisions", "admin.py", {})
        if gate.may(Action.CONTRIBUTE_DATA) and person.site_id is not None:
            _link(f"What {person.site_name} gave and gained", "contribute.py", {})
        if not gate.may(Action.WATCH_RUNS):
            _link("Your conversations", "chatbot.py", {})


def _link(label: str, file: str, query: dict[str, str]) -> None:
    st.page_link(file, label=label, icon=":material/arrow_forward:", query_params=query)


def _hive() -> None:
    run = active_run() or latest_run()
    if run is None:
        hive_map(
            [], round=0, rounds=0, caption="No run yet. The hive fills when the first one starts.", key="home_hive"
        )
        return
    if not run.active and st.session_state.pop("home_was_active", None) == run.id:
        st.rerun()
    if run.active:
        st.session_state["home_was_active"] = run.id
    title = f"Run {run.id}, {task_title(run.task)}"
    run_hive.show_now(run, key="home_hive", named=gate.may(Action.WATCH_RUNS), title=title)


def _last_run() -> None:
    run = _last_finished()
    if run is None:
        st.write("No run has finished on this installation. When one has, its curve and what it reached stand here.")
        return
    if gate.may(Action.WATCH_RUNS) and st.toggle("Show the whole run", key="home_whole_run"):
        run_monitor(run.id, can_cancel=False)
        return
    auc = run.final.get("auc")
    reached = f": AUC {theme.number(auc['value'])}, 95 % interval {theme.interval(auc)}" if auc else ""
    st.markdown(
        f"**{task_title(run.task)}**, run {run.id} with {theme.amount(len(run.sites), 'site')} "
        f"in {theme.duration(run.elapsed)}{reached}."
    )
    charts.show(charts.curves(run, "auc"), charts.curve_sentence(run, "auc"), key="home_curve")


def _last_finished() -> RunView | None:
    from fl.runs import get_run

    finished = next((run for run in list_runs(limit=20) if run.status in ("done", "cancelled") and run.round), None)
    return get_run(finished.id) if finished else None


def _champions() -> None:
    found = champions()
    if not found:
        st.write("No model serves yet. Train one, compare it, and promote it.")
    for task, version in found:
        champion_card(task, version)


page()
