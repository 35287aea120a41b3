"""Admin, start a run: how private it is, and what that costs."""

from typing import Any

import streamlit as st

from components.theme import amount
from fl.privacy.price import price_of
from models.task import Task

NONE = "none"
BUDGETS = (NONE, "16", "8", "4", "2", "1")
LEVELS = {
    "example": "each row (a patient), by noise at its site",
    "client": "each whole site, by noise on the mean of updates",
}


def asked() -> dict[str, Any]:
    """Return what the form says now, as fields of a request."""
    state = st.session_state
    chosen: dict[str, Any] = {"secure_aggregation": bool(state.get("start_secure", False))}
    if noisy():
        chosen |= {
            "dp_epsilon": float(state["start_epsilon"]),
            "dp_delta": float(state.get("start_delta", 1e-5)),
            "dp_level": state.get("start_dp_level", "example"),
        }
    return chosen


def noisy() -> bool:
    """Whether a privacy budget is chosen."""
    return bool(st.session_state.get("start_epsilon", NONE) != NONE)


def trains_with_noise() -> bool:
    """Whether sites add noise to their own training, which has settings of its own."""
    return noisy() and st.session_state.get("start_dp_level", "example") == "example"


def controls(task: Task) -> None:
    """Draw the controls."""
    with st.expander("Privacy"):
        st.select_slider(
            "Privacy budget ε",
            BUDGETS,
            NONE,
            key="start_epsilon",
            help="The most that the run may tell of one row or one site. The noise is computed from it, and the run "
            "ends when it is spent. 8 is usual, 1 strict.",
        )
        if noisy():
            _noise(task)
        st.checkbox(
            "Secure aggregation",
            key="start_secure",
            help="The coordinator sees only the sum of a round's updates, none of them. Bad updates can then not be "
            "told from good ones, and rules that look at single updates are refused.",
        )
        if noisy() or st.session_state.get("start_secure"):
            st.caption(
                "In a private run no site is asked for medians or means, and none trains a model alone for comparison."
            )


def _noise(task: Task) -> None:
    st.selectbox("What is hidden", list(LEVELS), format_func=LEVELS.__getitem__, key="start_dp_level")
    st.number_input(
        "δ",
        1e-9,
        0.1,
        1e-5,
        format="%g",
        key="start_delta",
        help="The chance with which the budget may fail. Keep it below one over the number of rows.",
    )
    if trains_with_noise():
        st.caption("Sites take plain steps over all their rows, two a round, whatever is said under Training.")
    else:
        st.caption("With fewer than hundreds of sites the noise drowns what they learn. To hide rows takes few sites.")
    st.caption(cost_sentence(task.name, float(st.session_state["start_epsilon"])))


def cost_sentence(task: str, epsilon: float) -> str:
    """Return what ε cost in measured runs of the task."""
    noisy_, plain = price_of(task, epsilon), price_of(task, 0.0)
    if noisy_ is None or plain is None:
        return f"What ε = {epsilon:g} costs was not measured for this task yet."
    return (
        f"Measured with rows hidden, {amount(plain.seeds, 'seed')}: AUC {noisy_.auc:.3f} at ε = {epsilon:g} "
        f"({noisy_.auc_low:.3f} to {noisy_.auc_high:.3f}) against {plain.auc:.3f} without; accuracy "
        f"{noisy_.accuracy:.3f} against {plain.accuracy:.3f}."
    )
