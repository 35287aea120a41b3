"""What a strip shows is said in words, and beats carry the marks that the file brings."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.ecg_strip import NOTE, counts_apart, headline, marks_of, name_table, rhythm_table
from data.intake.signal import read_signals
from models.ecg.named import named_beats
from models.ecg.strip import Reading, Stretch, read_strip
from tests.models.test_ecg import packed


def strip_page() -> None:
    import streamlit as st

    from components.ecg_strip import _show
    from models.ecg.strip import read_strip

    recording = st.session_state["recording"]
    _show(recording, read_strip(recording), "e")


def test_a_strip_with_ventricular_beats_is_drawn_with_their_marks(home: Path, datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", "mit119_1"))[0]
    reading = read_strip(recording)
    assert headline(reading) == "Irregular, of usual rate: 65 beats a minute, 3 early beats."
    marks, told = marks_of(recording, reading, 0, len(recording.samples))
    assert {mark.kind for mark in marks} == {"N", "V"} and "V ventricular" in told
    assert rhythm_table(reading)[0]["Rate"] == "65 / min"

    app = AppTest.from_function(strip_page, default_timeout=60)
    app.session_state["recording"] = recording
    app.run()
    assert not app.exception
    assert app.subheader[0].value.startswith("Irregular")
    said = "\n".join(each.value for each in (*app.markdown, *app.caption))
    assert "Ectopic beats are" in said and "nhs.uk" in said and "not for clinical use" in said


@pytest.mark.slow
def test_early_beats_and_beats_named_s_are_told_apart_where_they_are_not_as_many(datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_wfdb_full", "209"))[0]
    reading = read_strip(recording)
    named = named_beats(recording, reading)
    letters = [beat.letter for beat in named]
    said = counts_apart(reading, named)
    assert headline(reading).endswith(" 86 early beats.")
    assert said.startswith(f"86 early beats, but {letters.count('S')} named S, since two rules count")
    assert "by timing alone" in said and "80 %" in said and "90 %" in said
    assert counts_apart(reading, ()) == ""
    same = [beat for beat in named if beat.letter == "S"][:86]
    assert len(same) == 86 and counts_apart(reading, same) == ""


def test_without_marks_beats_are_named_by_their_timing(datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", "mit119_1"))[0]
    plain = type(recording)(recording.name, recording.samples, recording.rate, recording.leads)
    marks, told = marks_of(plain, read_strip(plain), 0, len(plain.samples))
    assert [mark.letter for mark in marks].count("early") == 3 and "found" in told
    assert np.all(np.diff([mark.at for mark in marks]) > 0)


def test_the_table_of_names_counts_beats_and_says_which_name_is_not_reliable(datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", "mit119_1"))[0]
    lines = {line["Class"][0]: line for line in name_table(named_beats(recording, read_strip(recording)), 10)}
    assert {kind: line["Beats"] for kind, line in lines.items()} == {"N": "7", "S": "0", "V": "3", "?": "0"}
    assert {kind for kind, line in lines.items() if line[NOTE] == "not reliable"} == {"S"}
    assert lines["V"]["On"] == "40 beats of 12 people" and lines["?"]["Found"] == "–"


def test_stretches_of_one_rhythm_are_one_line_with_the_ends_of_their_rate() -> None:
    parts = [Stretch(0, 10, 71.2, "regular"), Stretch(10, 20, 68.8, "regular"), Stretch(20, 30, 90.1, "irregular")]
    parts += [Stretch(30, 40, np.nan, "unknown"), Stretch(40, 50, 70.0, "regular")]
    reading = Reading(0, np.zeros(0, np.int64), (), 0.0, 0.0, 0.0, 0.0, tuple(parts), ())
    assert [tuple(line.values()) for line in rhythm_table(reading)] == [
        ("0 to 20", "69 to 71 / min", "regular"),
        ("20 to 30", "90 / min", "irregular"),
        ("30 to 40", "–", "unknown"),
        ("40 to 50", "70 / min", "regular"),
    ]
