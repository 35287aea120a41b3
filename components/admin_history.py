"""Admin, decision: what was decided about a task's champion so far, and going back to the one before."""

from collections.abc import Sequence

import streamlit as st

from accounts.permissions import Action
from components import gate
from models.task import Task
from models.versions import PromotionView, VersionError, VersionView, promotions, rollback

KINDS = {"shipped": "came with MedHive", "promote": "promoted", "rollback": "rolled back to"}
SAID = "decision_said"  # a sentence about what was just done, shown once


def champion_history(task: Task, serving: VersionView | None) -> None:
    """Draw the champion with Roll back, where there is one to go back to, and every decision so far."""
    decisions = promotions(task.name)
    if serving is not None and has_earlier(decisions):
        _offer(task, serving)
    _list(task, decisions)


def _offer(task: Task, serving: VersionView) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="decision_rollback"):
        st.markdown(f"**{serving.label.capitalize()}** is the champion of {task.title}.", width="stretch")
        if st.button("Roll back", icon=":material/undo:", key="roll_back"):
            _confirm_roll_back(task, serving)


def has_earlier(decisions: Sequence[PromotionView]) -> bool:
    """Whether there is a champion to go back to, given a task's decisions, newest first."""
    depth = 0
    for one in decisions:
        depth += -1 if one.kind == "rollback" else 1
    return depth > 1


@st.dialog("Roll back?")
def _confirm_roll_back(task: Task, serving: VersionView) -> None:
    st.write(
        f"{task.title} answers with the champion before {serving.label} from the moment you confirm. "
        f"{serving.label.capitalize()} stays and can be promoted again."
    )
    reason = st.text_input("Reason", key="rollback_reason", max_chars=500)
    if not st.button("Yes, roll back", type="primary", icon=":material/undo:", key="rollback_confirm"):
        return
    person = gate.current_person()
    if person is None or not gate.may(Action.PROMOTE):
        st.error("Your role may not roll back a model.")
        return
    try:
        back = rollback(task.name, reason=reason, by=person.id)
    except VersionError as error:
        st.error(str(error))
        return
    st.session_state[SAID] = f"Rolled back: {back.label} is the champion of {task.title} again."
    st.rerun()


def _in_words(one: PromotionView) -> str:
    return f"{one.version} {KINDS['shipped']}" if one.kind == "shipped" else f"{KINDS[one.kind]} {one.version}"


def _list(task: Task, decisions: Sequence[PromotionView]) -> None:
    st.subheader("History of decisions", anchor=False)
    rows = [
        {
            "When (UTC)": one.at,
            "What": _in_words(one),
            "Reason": one.reason,
            "By": one.by,
        }
        for one in decisions
    ]
    if not rows:
        st.write(f"Nothing was promoted for {task.title} yet.")
        return
    formats = {"When (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")}
    st.dataframe(rows, hide_index=True, column_config=formats, key="decision_history", alt="History of decisions")
