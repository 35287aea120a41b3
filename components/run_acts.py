"""What can be done to a run from its monitor: cancel it, resume it. Whoever presses is checked at that moment."""

import streamlit as st

from accounts.permissions import Action
from components import gate
from fl.runs import RunView, WrongState, cancel, resume


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
        st.rerun()


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
