"""What can be done to a run: cancel it, resume it, move it in the queue. Whoever presses is checked at that moment."""

import time
from collections.abc import Sequence

import streamlit as st

from accounts.permissions import Action
from components import gate
from fl.runs import RequestError, RunSummary, RunView, UnknownRun, WrongState, cancel, list_runs, prioritise, resume

PATIENCE = 2.0  # seconds that a cancellation may take


def cancel_button(run: RunView) -> None:
    """Draw Cancel; it acts at once, since the last good model stays and the run can be resumed."""
    asked = run.phase == "cancelling"
    pressed = st.button(
        "Cancel the run",
        icon=":material/stop_circle:",
        key=f"monitor_cancel_{run.id}",
        disabled=asked,
        help="Stops within two seconds. The last good model stays, and the run can be resumed.",
    )
    if asked:
        st.caption("Stopping. The last good model stays.")
    if pressed:
        person = gate.current_person()
        if person is None or not gate.may(Action.CANCEL_RUN):
            st.error("Your role may not cancel a run.")
            return
        try:
            cancel(run.id, by=person.id)
        except WrongState as error:
            st.error(str(error))
            return
        with st.spinner("Stopping"):
            _wait_for_end(run.id)
        st.rerun()


def _wait_for_end(run_id: int) -> None:
    """Wait as long as a cancellation may take: the next look at a long run would come later."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and any(run.id == run_id for run in list_runs(status="running")):
        time.sleep(0.05)


def resume_button(run: RunView) -> None:
    """Draw Resume, for a run that was cancelled or failed."""
    if not st.button("Resume the run", icon=":material/resume:", key=f"monitor_resume_{run.id}"):
        return
    person = gate.current_person()
    if person is None or not gate.may(Action.START_RUN):
        st.error("Your role may not resume a run.")
        return
    try:
        resume(run.id, by=person.id)
    except WrongState as error:
        st.error(str(error))
        return
    st.rerun()


def move_buttons(run: RunSummary, queue: Sequence[RunSummary]) -> None:
    """Draw what moves a run that waits to the front or to the end of the ``queue``, given in its order."""
    place = f"Run {run.id} is number {run.position_in_queue} of {len(queue)} in the queue."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(place)
        first = st.button(
            "Move to the front",
            icon=":material/vertical_align_top:",
            key=f"runs_first_{run.id}",
            disabled=run.id == queue[0].id,
        )
        last = st.button(
            "Move to the end",
            icon=":material/vertical_align_bottom:",
            key=f"runs_last_{run.id}",
            disabled=run.id == queue[-1].id,
        )
    if not (first or last):
        return
    person = gate.current_person()
    if person is None or not gate.may(Action.CANCEL_RUN):
        st.error("Your role may not move a run in the queue.")
        return
    try:
        prioritise(run.id, queue[0].priority + 1 if first else queue[-1].priority - 1, by=person.id)
    except (RequestError, UnknownRun, WrongState) as error:
        st.error(str(error))
        return
    st.rerun()
