"""Home: what MedHive is, the hive, the last run, and the champions with their figures."""

import streamlit as st

from accounts.permissions import Action
from components import charts, gate, run_hive, theme, tour
from components.champions import champion_card, champions
from components.hive_map import HiveCell, hive_map
from components.links import go, link
from components.run_monitor import run_monitor, task_title
from fl.runs import RunView, active_run, latest_run, list_runs
from models.headline import headline

REFRESH = 1.0  # seconds, while a run is active


def page() -> None:
    """Draw the page for whoever looks at it."""
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
        "what it gained against training alone.",
        eyebrow="Federated learning for medicine",
    )
    _continue()
    with st.container(horizontal=True, gap="small"):
        if st.button("Start the three-minute tour", type="primary", icon=":material/play_arrow:", key="home_tour"):
            tour.begin()
        if st.button("Try a model", icon=":material/neurology:", key="home_try"):
            go("model_hive.py")
    st.caption(f"The tour: {', '.join(step.lower() for step in tour.STEPS)}.")


def _continue() -> None:
    """Tell somebody signed in what waits for them."""
    person = gate.current_person()
    if person is None:
        return
    run = active_run()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="home_continue"):
        st.markdown("Continue where you were:")
        if run is not None and gate.may(Action.START_RUN):
            link(
                f"Run {run.id} is {run.status}", "admin.py", {"section": "runs", "run": str(run.id)}, key="home_to_run"
            )
        elif gate.may(Action.PROMOTE):
            link("Runs and decisions", "admin.py", key="home_to_admin")
        if gate.may(Action.CONTRIBUTE_DATA) and person.site_id is not None:
            link(f"What {person.site_name} gave and gained", "contribute.py", key="home_to_site")
        if not gate.may(Action.WATCH_RUNS):
            link("Your conversations", "chatbot.py", key="home_to_companion")


def _hive() -> None:
    run = active_run() or latest_run()
    if run is None:
        _no_run()
        return
    if not run.active and st.session_state.pop("home_was_active", None) == run.id:
        st.rerun()
    if run.active:
        st.session_state["home_was_active"] = run.id
    title = f"Run {run.id}, {task_title(run.task)}"
    run_hive.show_now(run, key="home_hive", named=gate.may(Action.WATCH_RUNS), title=title)


def _no_run() -> None:
    """Show how a champion that came with MedHive was trained, from its manifest; without one, the coordinator alone."""
    for task, version in champions():
        sites = version.manifest.get("data", {}).get("sites", [])
        if sites:
            cells = [HiveCell(site["name"], theme.amount(site["samples"], "record"), "answered") for site in sites]
            rounds = int(version.manifest.get("rounds", 0))
            said = f"No run here yet. This is how the shipped {task.title} model was trained."
            hive_map(cells, round=rounds, rounds=rounds, caption=said, key="home_hive")
            return
    hive_map([], round=0, rounds=0, caption="No run yet. The hive fills when the first one starts.", key="home_hive")


def _last_run() -> None:
    run = _last_finished()
    if run is None:
        st.write("No run has finished on this installation yet. Its curve and what it reached will stand here.")
        return
    if gate.may(Action.WATCH_RUNS) and st.toggle("Show the whole run", key="home_whole_run"):
        run_monitor(run.id, can_cancel=False)
        return
    stands = headline(run.final)
    score = run.final.get(stands.metric)
    reached = f": {stands.word} {theme.number(score['value'])}, 95 % interval {theme.interval(score)}" if score else ""
    st.markdown(
        f"**{task_title(run.task)}**, run {run.id} with {theme.amount(len(run.sites), 'site')} "
        f"in {theme.duration(run.elapsed)}{reached}."
    )
    metric = charts.metrics_of(run)[1]
    charts.show(charts.curves(run, metric), charts.curve_sentence(run, metric), key="home_curve")


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
