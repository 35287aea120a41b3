"""Reading an ECG: a file in, the strip on paper with its beats, rate and rhythm out."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from components.ecg_paper import LONGEST, Mark, ecg_paper
from components.plain_text import plain
from components.theme import NOT_FOR_CLINICAL_USE, amount, figures
from data.intake.signal import SignalError, read_signals
from data.signal import Recording
from models.ecg.beats import AAMI
from models.ecg.strip import Reading, UnreadableSignal, read_strip
from rag.graph.link import node_called
from rag.graph.read import Node

_KINDS = {"in time": ("N", "·"), "early": ("S", "early"), "after a pause": ("Q", "late")}
_CLASSES = {
    "N": "normal",
    "S": "supraventricular",
    "V": "ventricular",
    "F": "fusion",
    "Q": "paced or unclassifiable",
}


def ecg_strip(*, key: str) -> None:
    """Draw the file field and what the file shows."""
    st.caption(
        "A ZIP with WFDB records (.hea and .dat, with .atr where beats are marked), EDF, or CSV in mV with a column "
        "time in seconds. The file is read for this answer only; nothing of it is kept."
    )
    chosen = st.file_uploader("ECG file", type=["zip", "edf", "csv", "txt"], key=f"{key}_file")
    if chosen is None:
        return
    try:
        recordings = read_signals(chosen.name, chosen.getvalue())
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
    _show(recording, reading, key)


def _show(recording: Recording, reading: Reading, key: str) -> None:
    with st.container(border=True, key=f"{key}_card"):
        st.subheader(headline(reading), anchor=False)
        figures(
            [
                (
                    "Heart rate",
                    f"{reading.rate:.0f} / min",
                    f"single beats {reading.slowest:.0f} to {reading.fastest:.0f}",
                ),
                ("Beats", f"{len(reading.peaks)}", f"in {recording.seconds:.0f} s"),
                ("RR variation", f"{reading.variation:.0f} ms", "standard deviation of the intervals"),
            ]
        )
        start = 0.0
        if recording.seconds > LONGEST:
            start = float(st.slider("From second", 0, int(recording.seconds - 10), 0, step=10, key=f"{key}_start"))
        _paper(recording, reading, start, key)
        st.markdown("**Rhythm**")
        st.dataframe(rhythm_table(reading), hide_index=True, key=f"{key}_rhythm")
        _knowledge(reading)
        st.divider()
        st.caption(
            "Measured, not learned: R peaks by a band-pass from 5 to 25 Hz, and the time between. A beat that comes "
            "early may start anywhere, and a regular rhythm need not be a healthy one."
        )
        st.caption(f":material/medical_information: {NOT_FOR_CLINICAL_USE}")


def headline(reading: Reading) -> str:
    """Return in words what the strip shows."""
    early = reading.timing.count("early")
    some = f", {amount(early, 'early beat')}" if early else ""
    rhythms = {part.rhythm for part in reading.rhythm}
    rhythm = next(iter(rhythms)) if len(rhythms) == 1 else "rhythm that changes"
    return f"{rhythm[0].upper()}{rhythm[1:]}: {reading.rate:.0f} beats a minute{some}."


def _paper(recording: Recording, reading: Reading, start: float, key: str) -> None:
    rate = recording.rate
    first, last = round(start * rate), min(len(recording.samples), round((start + LONGEST) * rate))
    seen = recording.lead(reading.lead)[first:last]
    marks, told = marks_of(recording, reading, first, last)
    lead = recording.leads[reading.lead]
    ecg_paper(seen, rate, lead, marks, f"{len(seen) / rate:.0f} s of lead {lead}, {told}", key=f"{key}_paper")


def marks_of(recording: Recording, reading: Reading, first: int, last: int) -> tuple[list[Mark], str]:
    """Return the beats from sample ``first`` to ``last``, and what their marks mean."""
    rate = recording.rate
    if len(recording.peaks):
        kinds = [AAMI.get(symbol, "Q") for symbol in recording.symbols]
        places: Sequence[int] = recording.peaks.tolist()
        marks = [
            Mark((at - first) / rate, kind, kind) for at, kind in zip(places, kinds, strict=True) if first <= at < last
        ]
        there = [kind for kind in _CLASSES if any(mark.kind == kind for mark in marks)]
        meant = ", ".join(f"{kind} {_CLASSES[kind]}" for kind in there)
        return marks, f"beats as the file's own marks name them: {meant or 'none'}."
    marks = [
        Mark((at - first) / rate, *_KINDS[timing])
        for at, timing in zip(reading.peaks.tolist(), reading.timing, strict=True)
        if first <= at < last
    ]
    return marks, "beats that were found: a dot in time, “early” and “late” by their distance to the beat before."


def rhythm_table(reading: Reading) -> list[dict[str, str]]:
    """Return one line for each ten seconds."""
    return [
        {
            "Seconds": f"{part.start:.0f} to {part.end:.0f}",
            "Rate": "–" if np.isnan(part.rate) else f"{part.rate:.0f} / min",
            "Rhythm": part.rhythm,
        }
        for part in reading.rhythm
    ]


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
