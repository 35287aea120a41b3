"""What stands behind a champion: its card, its figures with intervals, and the history of versions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.behaviour_charts import behaviour_charts
from components.charts import show
from components.theme import amount, interval, number, palette
from models.headline import headline
from models.task import Task
from models.versions import PromotionView, VersionError, VersionView, promotions, versions

if TYPE_CHECKING:
    import plotly.graph_objects as go

METRICS = (
    ("auc", "AUC", "Chance that a positive record gets a higher probability than a negative one."),
    ("accuracy", "Accuracy", "Part of all records answered rightly."),
    ("f1", "F1", "Mean over classes of how well each is found and how rightly it is named."),
    ("sensitivity", "Sensitivity", "Part of the positive records found."),
    ("specificity", "Specificity", "Part of the negative records recognised."),
    ("perplexity", "Perplexity", "Words between which the model wavers at each step; smaller is better."),
    ("loss", "Log loss", "Penalty for wrong probabilities, in nats; smaller is better."),
    ("ece", "Calibration error (ECE)", "Mean distance between probability and frequency; smaller is better."),
)


def model_tabs(task: Task, version: VersionView | None, *, key: str) -> None:
    """Draw the tabs Card, Figures and Versions."""
    card, figures, history = st.tabs(["Card", "Figures", "Versions"], key=f"{key}_tabs")
    with card:
        st.markdown(card_text(task.card))
    with figures:
        if version is None:
            st.markdown("Figures appear here when the task has a champion.")
        else:
            _figures(task, version, key)
    with history:
        _history(task, key)


def card_text(card: str) -> str:
    """Return the model card to stand under a page's own headings: without its title, and two levels lower."""
    lines = card.strip().splitlines()
    if lines and lines[0].startswith("# "):
        lines = lines[1:]
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in lines)


def figure_table(scores: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one line a metric: value, 95 % interval, and what it means."""
    return [
        {
            "Metric": name,
            "Value": number((scores.get(metric) or {}).get("value")),
            "95 % interval": interval(scores.get(metric)),
            "Meaning": meaning,
        }
        for metric, name, meaning in METRICS
        if metric in scores
    ]


def figure_chart(scores: Mapping[str, Any]) -> "go.Figure":
    """Return a dot with its interval for each metric between 0 and 1 for which more is better."""
    import plotly.graph_objects as go

    colours = palette()
    rows = [(name, score) for metric, name, _ in METRICS[:5] if (score := _known(scores.get(metric)))][::-1]
    values = [score["value"] for _, score in rows]
    ends = [(score["low"], score["high"]) for _, score in rows]
    chart = go.Figure(
        go.Scatter(
            x=values,
            y=[name for name, _ in rows],
            mode="markers",
            marker={"color": colours.alive, "size": 12},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value for value, (_, high) in zip(values, ends, strict=True)],
                "arrayminus": [value - low for value, (low, _) in zip(values, ends, strict=True)],
                "color": colours.alive,
                "thickness": 3,
                "width": 6,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    lowest = min((low for low, _ in ends), default=0.0)
    chart.update_layout(
        height=70 + 44 * max(len(rows), 1),
        margin={"l": 0, "r": 16, "t": 8, "b": 0},
        xaxis={"range": [min(0.5, lowest - 0.05), 1.01], "title": "Value on held-out rows", "fixedrange": True},
        yaxis={"automargin": True, "fixedrange": True},
        showlegend=False,
    )
    return chart


def _known(score: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Return value, low and high as numbers, the ends equal to the value where there is no interval."""
    if not score or score.get("value") is None or score["value"] != score["value"]:
        return None
    value = float(score["value"])
    ends = {end: float(value if score.get(end) is None else score[end]) for end in ("low", "high")}
    return {"value": value, **ends}


def _figures(task: Task, version: VersionView, key: str) -> None:
    scores = version.manifest.get("scores", {})
    data = version.manifest.get("data", {})
    rows = amount(int(version.manifest.get("n") or 0), "held-out row")
    what = "generated rows" if data.get("synthetic") else "rows of real records"
    if any(metric in scores for metric, _, _ in METRICS[:5]):
        show(
            figure_chart(scores),
            f"What {version.label} reaches on {rows} that no site trained on ({what}). Dots are values, lines are 95 % "
            "bootstrap intervals.",
            f"{key}_figures",
        )
    else:
        st.markdown(f"What {version.label} reaches on {rows} that no site trained on ({what}).")
    st.table(figure_table(scores), border="horizontal", hide_index=True)
    if not task.generates:
        _behaviour(version, key)
    st.markdown(f"**Data**: {data.get('source', 'not recorded')}. Licence of the public data: {task.licence}.")
    sites = data.get("sites", ())
    if sites:
        st.markdown(f"**Sites**: {amount(len(sites), 'site')} trained this version together.")
        st.dataframe(
            [{"Site": site.get("name"), "Records": site.get("samples")} for site in sites],
            hide_index=True,
            width=420,
            key=f"{key}_sites",
        )


def _behaviour(version: VersionView, key: str) -> None:
    """Draw the curves; a version made by a run has none in its manifest, so they are computed when somebody asks."""
    from models.behaviour import behaviour_of  # brings torch where it is not written down

    if "behaviour" not in version.manifest and not st.toggle("Compute ROC curve and calibration", key=f"{key}_curves"):
        return
    try:
        found = behaviour_of(version.id)
    except VersionError as error:
        st.error(str(error))
        return
    if found is None:
        st.caption("ROC curve and calibration need the public data of this task, which are not on this machine.")
    else:
        behaviour_charts(found, key=f"{key}_behaviour")


def _history(task: Task, key: str) -> None:
    known = versions(task.name)
    if not known:
        st.markdown("This task has no version yet.")
        return
    st.dataframe(version_table(known), hide_index=True, key=f"{key}_versions")
    st.caption("The champion is the version that answers here. Others are challengers, or were champions before.")
    decisions = promotions(task.name)
    decisions = promotions(task.name)
    if decisions:
        st.markdown("**Decisions**")
        st.dataframe(decision_table(decisions), hide_index=True, key=f"{key}_decisions")
        st.caption("Who decided what Model Hive serves, newest first. The champion follows from this list.")
    else:
        st.markdown("Nobody has promoted a version yet.")


def decision_table(decisions: Sequence[PromotionView]) -> list[dict[str, Any]]:
    """Return one line a decision."""
    words = {"shipped": "came with MedHive", "promote": "promoted", "rollback": "rolled back to"}
    return [
        {
            "When": f"{decision.at:%d %b %Y, %H:%M} UTC",
            "Decision": words.get(decision.kind, decision.kind),
            "Version": decision.version,
            "By": decision.by,
            "Reason": decision.reason,
        }
        for decision in decisions
    ]


def version_table(known: Sequence[VersionView]) -> list[dict[str, Any]]:
    """Return one line a version, newest first."""
    return [
        {
            "Version": version.number,
            "State": "champion" if version.champion else "",
            "Score": _score_words(version),
            "From": _origin(version),
            "Sites": len(version.manifest.get("data", {}).get("sites", ())),
            "Made": f"{version.created_at:%d %b %Y, %H:%M} UTC",
            "SHA-256": version.sha256[:12],
        }
        for version in sorted(known, key=lambda version: -version.number)
    ]


def _origin(version: VersionView) -> str:
    if version.shipped:
        return "shipped with MedHive"
    return f"run {version.run_id}" if version.run_id is not None else "trained by a command"


def _score_words(version: VersionView) -> str:
    scores = version.manifest.get("scores", {})
    stands = headline(scores)
    score = scores.get(stands.metric)
    return f"{stands.word} {number(score['value'])} ({interval(score)})" if score else "not measured"
