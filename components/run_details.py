"""What a run leaves behind in five tabs: sites, benefit, events, settings and privacy; and its history as files."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from components import charts, run_privacy
from components.benefit import benefit_sentence, personal_gains, personal_sentence
from components.theme import interval
from models.few_rows import FEWEST_CHANGES, FEWEST_LOSSES
from models.headline import headline
from rag.spreadsheet import safe_cell

if TYPE_CHECKING:
    import pandas as pd

    from fl.runs import RunView

_LEVELS = {"info": "", "warning": "Warning: ", "error": "Error: "}
_PERSONAL = (
    ("Log loss before", "before", "loss"),
    ("Log loss after", "after", "loss"),
    ("Accuracy before", "before", "accuracy"),
    ("Accuracy after", "after", "accuracy"),
)
_SETTINGS = {
    "task": "Task",
    "sites": "Sites made from public data",
    "partition": "How public data are divided",
    "datasets": "Contributed datasets",
    "strategy": "Strategy",
    "strategy_settings": "Parameters of the strategy",
    "rounds": "Rounds",
    "local_epochs": "Local epochs",
    "steps": "Steps of a site in a round at most (0: all)",
    "batch_size": "Batch size (rows)",
    "learning_rate": "Learning rate",
    "seed": "Seed",
    "executor": "Executor asked for",
    "quorum": "Quorum (part of the sites)",
    "attack": "Trial: sites that go wrong",
    "benefit": "Benefit measured",
    "standardise": "Inputs are standardised by (together: all sites; site: each its own)",
    "personal": "Epochs of further training at each site, measured (0: none)",
    "dp_epsilon": "Privacy budget ε (0: none)",
    "dp_delta": "δ of the budget",
    "dp_level": "What the noise hides",
    "dp_clip": "Longest gradient or update",
    "dp_noise": "Noise asked for (0: computed)",
    "secure_aggregation": "Secure aggregation",
    "secure_threshold": "Shares that take masks off (part)",
}


def tabs(run: RunView) -> None:
    """Draw the tabs."""
    names = ["Sites", "Benefit", "Events", "Settings", "Privacy"]
    sites, benefit, events, settings, privacy = st.tabs(names, key=f"run_tabs_{run.id}")
    with sites:
        _sites(run)
    with benefit:
        _benefit(run)
    with events:
        _events(run)
    with settings:
        _settings(run)
    with privacy:
        run_privacy.privacy(run)


def site_table(run: RunView) -> pd.DataFrame:
    """Return one row a site: state, records, bytes, and AUC alone against together."""
    import pandas as pd

    from fl.privacy.panel import spent

    rows, epsilon = [], spent(run)
    for site in run.sites:
        alone, together = (_auc(site.benefit, who) for who in ("local", "federated"))
        gain = together - alone if alone is not None and together is not None else None
        rows.append(
            {
                "Site": site.name,
                "State": site.state,
                "Records": site.samples,
                "Positive": site.positives,
                "Last round": site.round,
                "AUC alone": alone,
                "AUC together": together,
                "Benefit": gain,
                **({"ε spent": epsilon} if epsilon is not None else {}),
                "Sent (kB)": site.bytes_up / 1000,
                "Received (kB)": site.bytes_down / 1000,
            }
        )
    return pd.DataFrame(rows)


def _auc(benefit: dict[str, Any], who: str) -> float | None:
    own = benefit.get(who) or {}
    score = own.get(headline(own).metric) or {}
    value = score.get("value")
    return None if value is None or value != value else float(value)


def _sites(run: RunView) -> None:
    if not run.sites:
        st.write("The sites appear when the run starts.")
        return
    formats = {
        "Records": st.column_config.NumberColumn(format="localized"),
        "Positive": st.column_config.NumberColumn(
            format="localized", help="Records of the positive class; of more than two, of any class but the first"
        ),
        "AUC alone": st.column_config.NumberColumn(format="%.3f", help="A model trained on this site's records only"),
        "AUC together": st.column_config.NumberColumn(format="%.3f", help="The federated model"),
        "Benefit": st.column_config.NumberColumn(format="%+.3f", help="AUC together minus AUC alone"),
        "ε spent": st.column_config.NumberColumn(format="%.2f", help="The most that the run has told of one member"),
        "Sent (kB)": st.column_config.NumberColumn(format="%.1f", help="Model updates of all rounds"),
        "Received (kB)": st.column_config.NumberColumn(format="%.1f", help="Global models of all rounds"),
    }
    table = site_table(run)
    if table["AUC alone"].isna().all() and table["AUC together"].isna().all():
        table = table.drop(columns=["AUC alone", "AUC together", "Benefit"])
    st.dataframe(
        table, hide_index=True, column_config=formats, key=f"run_sites_{run.id}", alt=f"The sites of run {run.id}"
    )
    st.caption("Records never leave a site. What was sent are model updates, counted in kilobytes over all rounds.")


def _benefit(run: RunView) -> None:
    sentence = benefit_sentence(run)
    if not any(site.benefit.get("federated") for site in run.sites):
        st.write(sentence)
        return
    charts.show(charts.benefit_chart(run), sentence, key=f"run_benefit_{run.id}")
    rows = [
        {
            "Site": site.name,
            "Alone": _with_interval(site.benefit, "local"),
            "Together": _with_interval(site.benefit, "federated"),
            "All rows pooled": _with_interval(site.benefit, "pooled"),
        }
        for site in run.sites
    ]
    with st.expander("The same as a table, with 95 % intervals"):
        st.dataframe(rows, hide_index=True, key=f"run_benefit_table_{run.id}")
    if run.request.personal:
        _personal(run)


def _personal(run: RunView) -> None:
    st.markdown("**Trained further at each site**")
    sentence = personal_sentence(run)
    if not personal_gains(run):
        st.write(sentence)
        return
    charts.show(charts.personal_chart(run), sentence, key=f"run_personal_{run.id}")
    rows = [
        {"Site": site.name, "Rows set aside": gained["n"]}
        | {
            title: f"{gained[model][metric]['value']:.3f} ({interval(gained[model][metric]) or 'no interval'})"
            for title, model, metric in _PERSONAL
        }
        for site in run.sites
        if (gained := site.benefit.get("personal"))
    ]
    with st.expander("The same as a table, with accuracy"):
        st.dataframe(rows, hide_index=True, key=f"run_personal_table_{run.id}")
        st.caption(
            f"95 % intervals: Wilson's for accuracy; Student's for changes of the log loss from {FEWEST_CHANGES} rows "
            f"on, and for the log loss itself from {FEWEST_LOSSES}. Fewer rows say too little of a mean."
        )


def _with_interval(benefit: dict[str, Any], who: str) -> str:
    value = _auc(benefit, who)
    if value is None:
        return "cannot train alone" if who == "local" else "not measured"
    return f"{value:.3f} ({interval(benefit[who][headline(benefit[who]).metric])})"


def _events(run: RunView) -> None:
    if not run.events:
        st.write("Nothing has happened yet.")
        return
    lines = "".join(
        f'<li class="{escape(event.level)}"><time datetime="{event.at.isoformat()}">{event.at:%H:%M:%S}</time>'
        f"<span>{_LEVELS.get(event.level, '')}{escape(event.text)}</span></li>"
        for event in reversed(run.events)
    )
    with st.container(height=320 if len(run.events) > 9 else "content", border=False):
        st.html(f'<ol class="mh-events">{lines}</ol>')
    st.caption("The newest event is on top. Times are UTC.")


def _settings(run: RunView) -> None:
    request = run.request.to_json()
    rows = [{"Setting": title, "Value": setting_in_words(request[name])} for name, title in _SETTINGS.items()]
    rows.append({"Setting": "Executor used", "Value": run.executor or "not started"})
    rows.append({"Setting": "Asked for by", "Value": run.requested_by_name})
    st.dataframe(rows, hide_index=True, key=f"run_settings_{run.id}", alt=f"The settings of run {run.id}")
    with st.container(horizontal=True):
        for label, data, kind in (("History as CSV", history_csv, "csv"), ("Run as JSON", history_json, "json")):
            st.download_button(
                label,
                partial(data, run),
                file_name=f"medhive-run-{run.id}.{kind}",
                mime="text/csv" if kind == "csv" else "application/json",
                icon=":material/download:",
                on_click="ignore",
                key=f"run_{kind}_{run.id}",
            )


def setting_in_words(value: Any) -> str:
    """Return a setting as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:g}" for name, number in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def history_csv(run: RunView) -> bytes:
    """Return a line a round: the global model's loss and metrics, seconds, replies and who was left out."""
    metrics = sorted({name for point in run.history for name in point.metrics})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["round", "loss", *metrics, "seconds", "replies", "left_out"])
    for point in run.history:
        left_out = "; ".join(f"{failure['site']}: {failure['reason']}" for failure in point.failures)
        scores = [point.metrics.get(name, "") for name in metrics]
        writer.writerow([point.round, point.loss, *scores, point.seconds, point.replies, safe_cell(left_out)])
    return text.getvalue().encode()


def history_json(run: RunView) -> bytes:
    """Return all that is known about the run as one JSON object; what is not defined is null."""
    document = {name: value for name, value in asdict(run).items() if name != "request"}
    document["request"] = run.request.to_json()
    return json.dumps(_plain(document), indent=1, default=lambda value: value.isoformat()).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and value != value else value
