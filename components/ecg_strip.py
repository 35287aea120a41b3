"""Reading an ECG: a file in, the strip on paper with its beats by class, rate and rhythm out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from components.ecg_beat import ecg_beat
from components.ecg_paper import LONGEST, Mark, ecg_paper
from components.plain_text import plain
from components.result_card import percent
from components.similar_cases import no_cases
from components.theme import NOT_FOR_CLINICAL_USE, amount, duration, figures, interval, number
from data.intake.signal import SignalError, read_signals
from data.signal import Recording
from models.ecg.beats import AAMI, CLASSES
from models.ecg.drawn import draw_recording
from models.ecg.named import LONG, WORDS, NamedBeat, agreement, named_beats, reliability, trust
from models.ecg.rules import NOT_SURE, Limits
from models.ecg.strip import EARLY, Reading, UnreadableSignal, read_strip
from models.task import Task
from models.turns import turn
from models.versions import VersionError, VersionView
from rag.graph.link import node_called
from rag.graph.read import Node

if TYPE_CHECKING:
    from models.ecg.answers import BeatAnswer

DRAWN = "The sample is a drawing by this program; nobody's heart is behind it."
NOTE = "Note"  # the column that says which class cannot be relied on; far left, so that a phone shows it
_KINDS = {"in time": ("N", "·"), "early": ("S", "early"), "after a pause": ("Q", "late")}
_CLASSES = {
    "N": "normal",
    "S": "supraventricular",
    "V": "ventricular",
    "F": "fusion",
    "Q": "paced or unclassifiable",
    NOT_SURE: "not sure",
}


def ecg_strip(task: Task, version: VersionView | None, *, key: str) -> None:
    """Draw the file field and what the file shows; with a champion, also what kind each beat is."""
    st.caption(
        "A ZIP with WFDB records (.hea and .dat, with .atr where beats are marked), EDF, or CSV in mV with a column "
        "time in seconds. The file is read for this answer only; nothing of it is kept."
    )
    chosen = st.file_uploader("ECG file", type=["zip", "edf", "csv", "txt"], key=f"{key}_file")
    if st.button("Try a drawn sample", icon=":material/science:", key=f"{key}_sample"):
        st.session_state[f"{key}_turn"] = st.session_state.get(f"{key}_turn", -1) + 1
    turn = st.session_state.get(f"{key}_turn", -1)
    if chosen is None and turn < 0:
        st.caption(DRAWN)
        return
    if chosen is None:
        st.caption(DRAWN)
    try:
        recordings = read_signals(chosen.name, chosen.getvalue()) if chosen else [draw_recording(30, turn)]
    except SignalError as error:
        st.error(plain(str(error)))
        return
    recording = recordings[0]
    if len(recordings) > 1:
        names = [each.name for each in recordings]
        recording = recordings[
            st.selectbox("Record", range(len(names)), format_func=lambda i: names[i], key=f"{key}_record")
        ]
    lead = recording.best_lead
    if len(recording.leads) > 1:
        lead = st.selectbox(
            "Lead", range(len(recording.leads)), index=lead, format_func=lambda i: recording.leads[i], key=f"{key}_lead"
        )
    try:
        reading = read_strip(recording, lead)
    except UnreadableSignal as error:
        st.error(f"There is no answer about this lead. {plain(str(error))}", icon=":material/block:")
        return
    named = named_beats(recording, reading)
    _show(recording, reading, key, named)
    _names(recording, named, key)
    if version:
        mark = (chosen.file_id if chosen else f"drawn {turn}", recording.name, lead, version.id)
        _second_opinion(task, version, recording, reading, mark, key)
    no_cases(task, key=f"{key}_similar")


def _names(recording: Recording, named: "Sequence[NamedBeat]", key: str) -> None:
    """Say how many beats have each name, by which rule, and how far it can be trusted."""
    with st.container(border=True, key=f"{key}_names_card"):
        st.markdown("**Beats by class**, named by rules and not by a trained model")
        st.dataframe(name_table(named, recording.seconds), hide_index=True, key=f"{key}_names")
        st.caption(reliability(recording.seconds))
        st.caption(
            "Found: part of the marked beats of a class that the rules name so. Right: part of the beats so named that "
            f"are marked so. Each beat is held against the person's own usual one. {NOT_FOR_CLINICAL_USE}"
        )
        st.download_button(
            "Download the beats (JSON)",
            lambda: json.dumps({"by": "rules", "beats": [asdict(beat) for beat in named]}, indent=1),
            file_name="ecg-beats.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_names_json",
        )


def name_table(named: "Sequence[NamedBeat]", seconds: float) -> list[dict[str, str]]:
    """Return one line a name: beats, the rule, and what it reaches in recordings as long as this."""
    known = {each.letter: each for each in trust(seconds)}
    lines = []
    for letter, words in WORDS.items():
        of = known.get(letter)
        lines.append(
            {
                "Class": f"{letter} {words.partition(':')[0]}",
                "Beats": f"{sum(beat.letter == letter for beat in named):,}",
                NOTE: "not reliable" if of and not of.reliable else "",
                "Found": number(of.sensitivity) if of else "–",
                "Right": number(of.precision) if of else "–",
                "On": f"{of.n:,} beats of {amount(of.people, 'person').replace('persons', 'people')}" if of else "–",
                "Rule": words.partition(": ")[2],
            }
        )
    return lines


def _second_opinion(
    task: Task, version: VersionView, recording: Recording, reading: Reading, mark: tuple[object, ...], key: str
) -> None:
    """Offer what the federated model says of single beats, where the recording is long enough for it."""
    with st.container(border=True, key=f"{key}_model_card"):
        st.markdown("**What the federated model says of single beats**")
        if recording.seconds < LONG:
            st.caption(
                f"It is asked from {LONG:.0f} s on: it holds each beat against the median of all, and a short strip "
                "gives that badly. On strips of ten seconds it is right less often than the rules."
            )
            return
        if not st.toggle("Ask it too", key=f"{key}_ask_model"):
            st.caption("It may say something else than the rules. Its card has the figures on people it never saw.")
            return
        beats = _answered(task, version, recording, reading, mark, key)
    if beats:
        _classes(task, version, beats, key)
        with st.container(border=True, key=f"{key}_beat_card"):
            st.markdown("**Where the model looked in a beat**")
            ecg_beat(task, version, recording, reading, beats, key=key)


def _answered(
    task: Task, version: VersionView, recording: Recording, reading: Reading, mark: tuple[object, ...], key: str
) -> "list[BeatAnswer]":
    """Return the answers, asked for once for each ``mark`` and not on every rerun of the page."""
    kept = st.session_state.get(f"{key}_beats")
    if kept is not None and kept[0] == mark:
        known: list[BeatAnswer] = kept[1]
        return known
    with st.spinner(f"Asking {version.label}"):
        from models.ecg.answers import answer_beats  # brings torch, only when somebody asks

        try:
            with turn():
                beats = answer_beats(task, recording, reading, version_id=version.id)
        except VersionError as error:
            st.error(str(error))
            return []
    st.session_state[f"{key}_beats"] = (mark, beats)
    return beats


def _classes(task: Task, version: VersionView, beats: "Sequence[BeatAnswer]", key: str) -> None:
    """Say how many beats are of each class, and how far each class can be trusted."""
    with st.container(border=True, key=f"{key}_classes_card"):
        st.markdown(f"**Single beats**, by {version.label}")
        st.dataframe(class_table(task, version, beats), hide_index=True, key=f"{key}_classes")
        st.caption(
            "Found and right are those of beats of patients whom the model had never seen, with 95 % intervals. Where "
            "it says so, single beats cannot carry the class: the answer must not be relied on. The model has learned "
            "these classes from marked beats, so its counts are not those of the rules above, nor of early beats."
        )
        st.caption(f"SHA-256 {version.sha256[:12]}… · :material/medical_information: {NOT_FOR_CLINICAL_USE}")
        st.download_button(
            "Download the beats (JSON)",
            lambda: json.dumps([asdict(beat) for beat in beats], indent=1),
            file_name="ecg-beats-model.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"{key}_json",
        )


def class_table(task: Task, version: VersionView, beats: "Sequence[BeatAnswer]") -> list[dict[str, str]]:
    """Return one line a class: beats, mean probability, and what it reaches on patients it never saw."""
    known = {each["name"]: each for each in version.manifest.get("classes", ())}
    lines = []
    for k, name in enumerate(task.classes):
        mine = [beat.prediction for beat in beats if beat.prediction.chosen == k]
        chance = sum(each.probability for each in mine) / len(mine) if mine else None
        scores = known.get(name, {})
        lines.append(
            {
                "Class": f"{CLASSES[k]} {name}",
                "Beats": f"{len(mine):,}",
                NOTE: "not reliable" if name in task.unreliable else "",
                "Mean probability": "–" if chance is None else percent(chance),
                "Found": score_words(scores.get("sensitivity")),
                "Right": score_words(scores.get("precision")),
            }
        )
    return lines


def score_words(score: Mapping[str, Any] | None) -> str:
    """Return a figure with its interval."""
    return f"{number(score['value'])} ({interval(score)})" if score and score.get("value") is not None else "–"


def _show(recording: Recording, reading: Reading, key: str, beats: "Sequence[NamedBeat]" = ()) -> None:
    with st.container(border=True, key=f"{key}_card"):
        st.subheader(headline(reading), anchor=False)
        figures(
            [
                (
                    "Heart rate",
                    f"{reading.rate:.0f} / min",
                    f"single beats {reading.slowest:.0f} to {reading.fastest:.0f}",
                ),
                ("Beats", f"{len(reading.peaks):,}", f"in {duration(recording.seconds)}"),
                ("RR variation", f"{reading.variation:.0f} ms", "standard deviation of the time between beats"),
            ]
        )
        if counts := counts_apart(reading, beats):
            st.caption(counts)
        start = 0.0
        if recording.seconds > LONGEST:
            start = float(st.slider("From second", 0, int(recording.seconds - 10), 0, step=10, key=f"{key}_start"))
        _paper(recording, reading, start, key, beats)
        st.markdown("**Rhythm**")
        st.dataframe(rhythm_table(reading), hide_index=True, key=f"{key}_rhythm")
        _knowledge(reading)
        st.divider()
        st.caption(
            "Rate, rhythm and classes are measured, not learned: R peaks by a band-pass from 5 to 25 Hz, the time "
            "between, and how like the usual beat each is. "
            "A beat that comes early may start anywhere, and a regular rhythm need not be a healthy one."
        )
        st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")


def headline(reading: Reading) -> str:
    """Return in words what the strip shows."""
    early = reading.timing.count("early")
    some = f", {amount(early, 'early beat')}" if early else ""
    rhythms = {part.rhythm for part in reading.rhythm}
    rhythm = next(iter(rhythms)) if len(rhythms) == 1 else "rhythm that changes"
    return f"{rhythm[0].upper()}{rhythm[1:]}: {reading.rate:.0f} beats a minute{some}."


def counts_apart(reading: Reading, beats: Sequence[NamedBeat]) -> str:
    """Return a sentence on why early beats and beats named S are not as many; nothing where there are as many."""
    early, named = reading.timing.count("early"), sum(beat.letter == "S" for beat in beats)
    if not beats or early == named:
        return ""
    return (
        f"{amount(early, 'early beat')}, but {named:,} named S, since two rules count: early goes by timing alone, and "
        f"is what comes within {100 * EARLY:.0f} % of the usual time between the few beats around it; S is what comes "
        f"within {100 * Limits().early:.0f} % of the usual time over some eighty beats and also looks like the usual "
        "beat, in a regular rhythm."
    )


def _paper(recording: Recording, reading: Reading, start: float, key: str, beats: "Sequence[NamedBeat]" = ()) -> None:
    rate = recording.rate
    first, last = round(start * rate), min(len(recording.samples), round((start + LONGEST) * rate))
    seen = recording.lead(reading.lead)[first:last]
    marks, told = marks_of(recording, reading, first, last, beats)
    lead = recording.leads[reading.lead]
    ecg_paper(seen, rate, lead, marks, f"{len(seen) / rate:.0f} s of lead {lead}, {told}", key=f"{key}_paper")


def marks_of(
    recording: Recording, reading: Reading, first: int, last: int, beats: "Sequence[NamedBeat]" = ()
) -> tuple[list[Mark], str]:
    """Return the beats from sample ``first`` to ``last``, and what their marks mean."""
    rate = recording.rate
    if beats:
        marks = [
            Mark((beat.peak - first) / rate, beat.letter, beat.letter) for beat in beats if first <= beat.peak < last
        ]
        told = f"beats as the rules name them: {_meant(marks)}."
        if len(recording.peaks):
            same, near = agreement(recording, beats)
            told += f" The file's own marks agree in {same:,} of {near:,} beats of the whole recording."
        return marks, told
    if len(recording.peaks):
        kinds = [AAMI.get(symbol, "Q") for symbol in recording.symbols]
        places: Sequence[int] = recording.peaks.tolist()
        marks = [
            Mark((at - first) / rate, kind, kind) for at, kind in zip(places, kinds, strict=True) if first <= at < last
        ]
        return marks, f"beats as the file's own marks name them: {_meant(marks)}."
    marks = [
        Mark((at - first) / rate, *_KINDS[timing])
        for at, timing in zip(reading.peaks.tolist(), reading.timing, strict=True)
        if first <= at < last
    ]
    return marks, "beats that were found: a dot in time, “early” and “late” by their distance to the beat before."


def _meant(marks: Sequence[Mark]) -> str:
    there = [kind for kind in _CLASSES if any(mark.kind == kind for mark in marks)]
    return ", ".join(f"{kind} {_CLASSES[kind]}" for kind in there) or "none"


def rhythm_table(reading: Reading) -> list[dict[str, str]]:
    """Return one line for each stretch of one rhythm, with the least and the highest rate of its ten seconds."""
    lines = []
    for rhythm, stretch in groupby(reading.rhythm, key=lambda part: part.rhythm):
        parts = list(stretch)
        rates = sorted({f"{part.rate:.0f}" for part in parts if not np.isnan(part.rate)}, key=int)
        ends = dict.fromkeys((rates[0], rates[-1])) if rates else ()
        lines.append(
            {
                "Seconds": f"{parts[0].start:.0f} to {parts[-1].end:.0f}",
                "Rate": f"{' to '.join(ends)} / min" if ends else "–",
                "Rhythm": rhythm,
            }
        )
    return lines


def _knowledge(reading: Reading) -> None:
    nodes = [node for name in reading.findings if (node := node_called(name)) is not None and node.gist]
    if nodes:
        st.markdown("**What this may be**")
        for node in nodes:
            st.markdown(fact(node))
        st.caption("From the companion's knowledge graph. Timing alone cannot tell where a beat comes from.")


def fact(node: Node) -> str:
    """Return what the knowledge graph says a finding is, with its source."""
    source = f" [{plain(node.source.title)}]({node.source.url})" if node.source else ""
    return f"{node.gist}{source}"
