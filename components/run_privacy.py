"""What left the sites of a run, who could see it, what was spent, and what is kept under which key."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import streamlit as st

from accounts.permissions import Action
from components import gate
from components.charts import plain_axes, show
from components.theme import duration, figures, palette

if TYPE_CHECKING:
    from plotly import graph_objects as go

    from fl.privacy.audit import Audit
    from fl.runs import RunView

LOOK_SECONDS = 1.0


def privacy(run: RunView) -> None:
    """Draw the panel."""
    from fl.privacy import audit_job
    from fl.privacy.audit import last_audit
    from fl.privacy.panel import headline, kept, left, seen

    figures(headline(run))
    for title, rows in (
        ("What left each site", left(run)),
        ("Who could see what", seen(run)),
        ("What is kept, under which key", kept(run)),
    ):
        st.markdown(f"**{title}**")
        st.table(rows)
    st.markdown("**Leakage audit**")
    going = audit_job.state(run.id)
    if going is not None and not going.ended:
        st.fragment(_going, run_every=LOOK_SECONDS)(run.id)
        return
    if going is not None:
        st.warning(going.said)
    _audit(run, last_audit(run.id))
    _offer(run)


def _offer(run: RunView) -> None:
    """Let those who may start runs audit this one, if there is a model whose rows are here."""
    from fl.privacy.audit import last_audit

    if run.version_id is None or run.executor == "deployed" or not gate.may(Action.START_RUN):
        return
    again = last_audit(run.id) is not None
    st.button(
        "Audit it again" if again else "Audit this run",
        icon=":material/policy:",
        key=f"run_audit_{run.id}",
        on_click=_start,
        args=(run.id,),
        help="Trains some dozen copies of the run on rows of this installation; takes about as long as they do.",
    )


def _start(run_id: int) -> None:
    from fl.privacy import audit_job

    if gate.may(Action.START_RUN):
        audit_job.start(run_id)


def _going(run_id: int) -> None:
    from fl.privacy import audit_job

    going = audit_job.state(run_id)
    if going is None or going.ended:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        said = going.said or "starting"
        st.write(f":material/progress_activity: {said[0].upper()}{said[1:]} · {duration(going.seconds)}")
        st.button(
            "Cancel the audit",
            icon=":material/stop_circle:",
            key=f"run_audit_cancel_{run_id}",
            on_click=_cancel,
            args=(run_id,),
        )


def _cancel(run_id: int) -> None:
    from fl.privacy import audit_job

    if gate.may(Action.START_RUN):
        audit_job.cancel(run_id)


def _audit(run: RunView, found: Audit | None) -> None:
    from fl.privacy.audit import LIMITS, sentences

    if found is None:
        st.write("Not audited yet. The audit attacks the model with copies of the run, and values each site:")
        st.code(f"python -m fl audit {run.id}", language=None)
        st.caption(LIMITS)
        return
    said = sentences(found)
    st.write("\n\n".join(said[:3]))
    if found.inversion and found.inversion.drawn:
        with st.container(horizontal=True):
            for picture, caption in (
                (found.inversion.original, "a public picture"),
                (found.inversion.drawn, "as drawn from its gradient"),
            ):
                st.image(base64.b64decode(picture), caption=caption, width=160)
    if not found.contributions:
        st.write("\n\n".join(said[3:]))
        return
    best = max(found.contributions, key=lambda each: each["value"])
    harmful = [each["site"] for each in found.contributions if each["harms"]]
    sentence = f"{best['site']} adds most, {best['value']:.3f} nats of log loss on held-out rows. " + (
        f"{' and '.join(harmful)}: the model is better without." if harmful else "No site clearly harms the model."
    )
    show(contribution_chart(found), sentence, key=f"run_contributions_{run.id}")
    st.caption(found.limits)


def contribution_chart(found: Audit) -> go.Figure:
    """Draw the value of each site with its interval, those that harm in another colour and shape."""
    from plotly import graph_objects as go

    colours, figure = palette(), go.Figure()
    for harms, name, colour, symbol in (
        (False, "helps or makes no clear difference", colours.alive, "circle"),
        (True, "harms", colours.refusal, "x"),
    ):
        own = [each for each in found.contributions if each["harms"] == harms]
        if not own:
            continue
        figure.add_scatter(
            x=[each["value"] for each in own],
            y=[each["site"] for each in own],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [each["high"] - each["value"] for each in own],
                "arrayminus": [each["value"] - each["low"] for each in own],
                "color": colour,
                "thickness": 1.5,
            },
            hovertemplate="%{y}: %{x:+.4f}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": colours.quiet, "width": 1.5, "dash": "dot"})
    plain_axes(figure, colours, max(220, 110 + 26 * len(found.contributions)))
    figure.update_xaxes(title="Shapley value (nats of log loss, right of 0 helps)")
    figure.update_yaxes(automargin=True, autorange="reversed", showgrid=False)
    return figure
