"""What a site gained: its own model alone against the federated one, run by run, and the run that trains now."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st
from sqlalchemy import select

from components.run_monitor import run_monitor
from components.theme import interval, palette
from data.database import RunSite, transaction
from fl.runs import SiteBenefit, active_run, benefit_for_site

if TYPE_CHECKING:
    import plotly.graph_objects as go

KINDS = (
    ("local", "your site alone", "diamond-open"),
    ("federated", "federated model", "circle"),
    ("pooled", "all rows pooled", "line-ew-open"),
)


def runs_by_dataset(site_id: int) -> dict[int, list[int]]:
    """Return dataset → the runs that trained on it, oldest first, for the datasets of one site."""
    used: dict[int, list[int]] = {}
    query = select(RunSite.run_id, RunSite.dataset_ids).where(RunSite.site_id == site_id).order_by(RunSite.run_id)
    with transaction() as session:
        for run_id, datasets in session.execute(query):
            for dataset in datasets:
                used.setdefault(int(dataset), []).append(run_id)
    return used


def own_run(site_id: int, *, key: str, can_cancel: bool) -> None:
    """Show the live monitor while a run trains with this site; it stays after the end until it is hidden."""
    shown: int | None = st.session_state.get(f"{key}_run")
    _look_for_run(site_id, key)
    if shown is None:
        return
    with st.container(border=True, key=f"{key}_monitor"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption("Your site takes part in this run.", width="content")
            st.button(
                "Hide",
                icon=":material/visibility_off:",
                type="tertiary",
                key=f"{key}_hide",
                on_click=_hide,
                args=(key, shown),
            )
        run_monitor(shown, can_cancel=can_cancel)


def _hide(key: str, run_id: int) -> None:
    st.session_state.pop(f"{key}_run", None)
    st.session_state[f"{key}_hidden"] = run_id


def _active_with(site_id: int) -> int | None:
    run = active_run()
    return run.id if run is not None and any(site.site_id == site_id for site in run.sites) else None


@st.fragment(run_every="3s")
def _look_for_run(site_id: int, key: str) -> None:
    found = _active_with(site_id)
    if found is not None and found not in (st.session_state.get(f"{key}_run"), st.session_state.get(f"{key}_hidden")):
        st.session_state[f"{key}_run"] = found
        st.rerun(scope="app")


def gain(benefit: Mapping[str, Any], metric: str = "auc") -> float | None:
    """Return federated minus local of a metric, or None where one of them is not defined."""
    both = [_value(benefit, kind, metric) for kind in ("federated", "local")]
    return None if both[0] is None or both[1] is None else both[0] - both[1]


def site_benefit(site_id: int, titles: Mapping[str, str], *, key: str) -> None:
    """Draw the benefit history of a site: one headline, chart and table a task."""
    history = [entry for entry in benefit_for_site(site_id) if entry.benefit]
    if not history:
        st.markdown(
            "No run with your site has finished yet. After one, this place compares three models on the same held-out "
            "rows: yours alone, the federated one, and one trained on all rows pooled."
        )
        return
    names = list(dict.fromkeys(entry.task for entry in history))
    places = st.tabs([titles.get(name, name) for name in names]) if len(names) > 1 else [st.container()]
    for name, place in zip(names, places, strict=True):
        with place:
            _one_task([entry for entry in history if entry.task == name], f"{key}_{name}")


def _one_task(history: Sequence[SiteBenefit], key: str) -> None:
    newest = history[0]
    sentence = headline(newest)
    st.markdown(f"**{sentence}**")
    st.plotly_chart(benefit_history(history), key=f"{key}_benefit", config={"displayModeBar": False}, alt=sentence)
    st.caption(
        "AUC on the same held-out rows that no site trains on, with 95 % intervals. The distance between the diamond "
        "and the dot is what the federation brought your site; the bar shows what pooling all rows would reach."
    )
    st.dataframe(benefit_table(history), hide_index=True, key=f"{key}_benefit_table")


def headline(entry: SiteBenefit) -> str:
    """Return the newest benefit in one sentence."""
    federated = _value(entry.benefit, "federated", "auc")
    difference = gain(entry.benefit)
    if federated is None:
        return f"Run {entry.run_id} measured no AUC for your site."
    if difference is None:
        return (
            f"Run {entry.run_id}: the federated model reaches AUC {federated:.3f}. Your rows alone could not train a "
            "model to compare it with."
        )
    alone = entry.benefit["local"]["auc"]
    words = "more than" if difference > 0 else "less than" if difference < 0 else "the same as"
    size = f"{abs(difference):.3f} " if difference else ""
    together = entry.benefit["federated"]["auc"]
    apart = _end(together, "low") > _end(alone, "high") or _end(alone, "low") > _end(together, "high")
    doubt = "" if apart or not difference else " The intervals overlap, so chance may explain the difference."
    return (
        f"Run {entry.run_id}: the federated model reaches AUC {federated:.3f}, {size}{words} your site alone "
        f"({alone['value']:.3f}).{doubt}"
    )


def benefit_history(history: Sequence[SiteBenefit]) -> "go.Figure":
    """Return the chart: runs from old to new, three marks each with its interval."""
    import plotly.graph_objects as go

    colours = palette()
    figure = go.Figure()
    ordered = sorted(history, key=lambda entry: entry.run_id)
    for offset, (kind, words, symbol) in enumerate(KINDS):
        points = [
            (index, entry.benefit[kind]["auc"])
            for index, entry in enumerate(ordered)
            if _value(entry.benefit, kind, "auc") is not None
        ]
        figure.add_scatter(
            x=[index + 0.12 * (offset - 1) for index, _ in points],
            y=[score["value"] for _, score in points],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [_end(score, "high") - score["value"] for _, score in points],
                "arrayminus": [score["value"] - _end(score, "low") for _, score in points],
                "thickness": 1.2,
            },
            mode="markers",
            name=words,
            marker={
                "symbol": symbol,
                "size": 12,
                "color": colours.alive if kind == "federated" else colours.quiet,
                "line": {"width": 2},
            },
            hovertemplate=f"{words}: %{{y:.3f}}<extra></extra>",
        )
    figure.update_layout(
        height=300,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"orientation": "h", "y": -0.15, "yanchor": "top", "x": 0},
        xaxis={
            "tickvals": list(range(len(ordered))),
            "ticktext": [f"run {entry.run_id}" for entry in ordered],
            "range": [-0.6, len(ordered) - 0.4],
            "fixedrange": True,
        },
        yaxis={"title": "AUC, held-out", "fixedrange": True},
    )
    return figure


def benefit_table(history: Sequence[SiteBenefit]) -> list[dict[str, Any]]:
    """Return one line a run: when, how many rows, and the three AUCs with their intervals."""
    return [
        {
            "Run": entry.run_id,
            "Ended": f"{entry.finished_at:%d %b %Y, %H:%M}" if entry.finished_at else entry.status,
            "Your rows": entry.samples,
            "Alone": _words(entry.benefit, "local"),
            "Federated": _words(entry.benefit, "federated"),
            "Pooled": _words(entry.benefit, "pooled"),
            "Gain": _signed(gain(entry.benefit)),
        }
        for entry in history
    ]


def _signed(difference: float | None) -> str:
    return "not defined" if difference is None else f"{difference:+.3f}"


def _value(benefit: Mapping[str, Any], kind: str, metric: str) -> float | None:
    score = (benefit.get(kind) or {}).get(metric) or {}
    value = score.get("value")
    return None if value is None or value != value else float(value)


def _end(score: Mapping[str, Any], end: str) -> float:
    """Return an end of the interval; the value itself where there is no interval."""
    found = score.get(end)
    return float(score["value"] if found is None or found != found else found)


def _words(benefit: Mapping[str, Any], kind: str) -> str:
    value = _value(benefit, kind, "auc")
    return "not possible" if value is None else f"{value:.3f} ({interval(benefit[kind]['auc'])})"
