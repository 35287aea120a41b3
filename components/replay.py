"""Going through the rounds of a finished run: a slider, and Replay, which moves it."""

import streamlit as st

from fl.runs import RunView

SECONDS = 0.45  # a round


def playing(run_id: int) -> bool:
    """Whether the replay of this run goes on by itself."""
    return bool(st.session_state.get(f"replay_on_{run_id}"))


def controls(run: RunView) -> int:
    """Draw slider and Play; return the round to show."""
    if run.round < 1:
        return 0
    slider = f"replay_{run.id}"
    if playing(run.id):
        after = int(st.session_state.get(slider, -1)) + 1
        st.session_state[slider] = min(after, run.round)
        if after >= run.round:
            st.session_state[f"replay_on_{run.id}"] = False
            st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        on = playing(run.id)
        if st.button(
            "Pause" if on else "Replay",
            icon=":material/pause:" if on else ":material/play_arrow:",
            key=f"replay_button_{run.id}",
        ):
            st.session_state[f"replay_on_{run.id}"] = not on
            if not on and st.session_state.get(slider, run.round) >= run.round:
                st.session_state[slider] = 0
            st.rerun()
        st.session_state.setdefault(slider, run.round)
        return int(st.slider("Round", 0, run.round, key=slider, disabled=on))
