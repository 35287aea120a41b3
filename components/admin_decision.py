"""Admin, decision: challenger against champion on the same held-out rows, then promote or roll back, with a reason."""

from typing import Any

import streamlit as st

from accounts.permissions import Action
from components import gate
from components.admin_history import SAID, champion_history
from components.run_monitor import FIGURES
from components.theme import figure, interval, number
from models.comparison import Comparison
from models.headline import headline
from models.registry import tasks
from models.task import Task
from models.versions import (
    VersionError,
    VersionView,
    champion,
    promote,
    versions,
)

LOWER_IS_BETTER = ("loss", "ece", "perplexity")


def decision() -> None:
    """Draw the decision about one task; ``?version=ID`` chooses the challenger."""
    if said := st.session_state.pop(SAID, None):
        st.success(said, icon=":material/check_circle:")
    every = versions()
    if not every:
        st.write("There is no model version yet. The first one comes from the first run.")
        return
    task, challenger, serving = _choose(every)
    if challenger is None:
        st.write(f"Nothing waits for a decision: no version of {task.title} is newer than the champion.")
    else:
        _against(task, challenger, serving)
    champion_history(task, serving)


def _choose(every: list[VersionView]) -> tuple[Task, VersionView | None, VersionView | None]:
    known = {name: task for name, task in tasks().items() if any(version.task == name for version in every)}
    asked = next((one for one in every if str(one.id) == st.query_params.get("version", "")), None)
    names = list(known)
    left, right = st.columns(2)
    with left:
        # Without an address that says which, begin with a task that has something to decide.
        undecided = next((one.task for one in every if not one.champion and one.run_id is not None), names[0])
        first = asked.task if asked and asked.task in known else undecided
        name = st.selectbox(
            "Task",
            names,
            index=names.index(first),
            format_func=lambda name: known[name].title,
            key=f"decision_task_{asked.id if asked else 0}",
        )
    own = [version for version in every if version.task == name and not version.champion]
    with right:
        challenger = None
        if own:
            # Without one in the address: the newest, unless the champion is newer.
            serving = champion(name)
            newer = serving is None or own[0].number > serving.number
            place = next((i for i, one in enumerate(own) if asked and one.id == asked.id), 0 if newer else None)
            challenger = st.selectbox(
                "Challenger",
                own,
                index=place,
                format_func=_version_words,
                placeholder="Nothing newer waits. Choose an earlier version",
                key=f"decision_challenger_{name}_{own[0].id}_{asked.id if asked else 0}",
            )
    return known[name], challenger, champion(name)


def _version_words(version: VersionView) -> str:
    origin = f"run {version.run_id}" if version.run_id else "shipped"
    return f"{version.label.capitalize()}, {origin}, {version.created_at:%d %b %Y, %H:%M}"


@st.cache_data(show_spinner=False, max_entries=64)
def _compared(challenger: int, other: int | None, _fingerprints: tuple[str, ...]) -> Comparison:
    from models.versions import compare

    return compare(challenger, other)


def _against(task: Task, challenger: VersionView, serving: VersionView | None) -> None:
    digests = (challenger.sha256, serving.sha256 if serving else "")
    try:
        with st.spinner("Scoring both on the held-out rows"):
            comparison = _compared(challenger.id, serving.id if serving else None, digests)
    except VersionError as error:
        st.error(str(error))
        return
    left, right = st.columns(2, gap="large")
    with left:
        _headline(challenger, serving, comparison)
    with right:
        _checklist(task, challenger, comparison)
        _promote(challenger)
    st.dataframe(table(comparison), hide_index=True, key="decision_table", alt="Both versions, metric by metric")
    st.caption(
        f"Both scored on the same {comparison.n:,} held-out rows that no site trains on. "
        "95 % bootstrap intervals; the difference is drawn row by row."
    )


def _headline(challenger: VersionView, serving: VersionView | None, comparison: Comparison) -> None:
    stands = headline(comparison.challenger)
    difference = comparison.differences.get(stands.metric)
    if serving is not None and difference is not None:
        note = f"95 % interval {interval(difference.as_json(), signed=True)}"
        label = f"{stands.title}, {challenger.label} minus {serving.label}"
        figure(label, number_signed(difference.value), note, large=True)
    else:
        score = comparison.challenger[stands.metric]
        title = f"{stands.title} of {challenger.label}"
        figure(title, number(score.value), f"95 % interval {interval(score.as_json())}", large=True)
    st.markdown(comparison.sentence)


def number_signed(value: float) -> str:
    """Return a difference with its sign, or "not defined"."""
    return number(value) if value != value else f"{value:+.3f}"


def _checklist(task: Task, challenger: VersionView, comparison: Comparison) -> None:
    """Say what speaks for and against, each computed, none to be ticked."""
    data = challenger.manifest.get("data", {})
    points = [(True, f"{comparison.n:,} held-out rows, the same for both")]
    stands = headline(comparison.challenger)
    difference = comparison.differences.get(stands.metric)
    if difference is not None:
        worse = difference.high < 0 if stands.more_is_better else difference.low > 0
        said = "worse than the champion's" if worse else "not clearly worse"
        points.append((not worse, f"{stands.title} is {said}"))
    ece = comparison.differences.get("ece")
    if ece is not None:
        points.append(
            (ece.low <= 0, "Calibration is clearly worse" if ece.low > 0 else "Calibration is not clearly worse")
        )
    if task.synthetic_only or data.get("synthetic"):
        points.append((False, "Trained and scored on synthetic data"))
    elif generated := data.get("n_synthetic", 0):
        points.append((False, f"{generated:,} of {data['n_training']:,} training rows are synthetic"))
    else:
        points.append((True, "Trained and scored on real data"))
    st.markdown("  \n".join(f":material/{'check' if good else 'warning'}: {said}" for good, said in points))


def table(comparison: Comparison) -> list[dict[str, str]]:
    """Return a line a metric: challenger, champion, difference, each with its interval."""
    lines = []
    for metric, label in FIGURES:
        if metric not in comparison.challenger:
            continue
        line = {"Figure": label + (", lower is better" if metric in LOWER_IS_BETTER else "")}
        for title, scores in (("Challenger", comparison.challenger), ("Champion", comparison.champion)):
            line[title] = _score(scores[metric].as_json()) if metric in scores else "none"
        difference = comparison.differences.get(metric)
        line["Difference"] = _score(difference.as_json(), signed=True) if difference is not None else "none"
        lines.append(line)
    return lines


def _score(score: dict[str, Any], *, signed: bool = False) -> str:
    value = score["value"]
    shown = number_signed(value) if signed else number(value)
    between = interval(score, signed=signed)
    return f"{shown} ({between})" if between else shown


def _promote(challenger: VersionView) -> None:
    with st.form(f"promote_form_{challenger.id}", border=False):
        reason = st.text_input(
            "Reason",
            key=f"promote_reason_{challenger.id}",
            placeholder="Why this version should answer from now on",
            max_chars=500,
        )
        pressed = st.form_submit_button("Promote", type="primary", icon=":material/verified:")
    if not pressed:
        return
    person = gate.current_person()
    if person is None or not gate.may(Action.PROMOTE):
        st.error("Your role may not promote a model.")
        return
    try:
        promote(challenger.id, reason=reason, by=person.id)
    except VersionError as error:
        st.error(str(error))
        return
    st.session_state[SAID] = f"{challenger.label.capitalize()} is the champion. Model Hive answers with it from now on."
    st.query_params.pop("version", None)
    st.rerun()
