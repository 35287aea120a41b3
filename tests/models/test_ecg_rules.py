"""Beats named by rules: like or unlike the usual beat, wide, early; held to cardiologists' marks."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.intake.signal import read_signals
from models.ecg.beats import AAMI
from models.ecg.named import agreement, named_beats, reliability, trust
from models.ecg.rules import MEASURED, Limits, Shapes, measured, name_beats
from models.ecg.strip import read_strip
from tests.models.test_ecg import packed


def shapes(likeness: float, width: float, before: float, after: float = 1.0, unrest: float = 0.0) -> Shapes:
    return Shapes(*(np.array([each]) for each in (likeness, width, before, after, unrest)))


@pytest.mark.parametrize(
    ("beat", "letter"),
    [
        (shapes(0.99, 1.0, 1.0), "N"),
        (shapes(0.99, 1.0, 0.7), "S"),
        (shapes(0.99, 1.0, 0.7, unrest=0.3), "N"),  # of an irregular rhythm, early says nothing
        (shapes(0.40, 1.5, 0.7), "V"),
        (shapes(0.40, 1.5, 1.0, 1.4), "V"),
        (shapes(0.40, 2.5, 1.0), "V"),
        (shapes(0.40, 1.5, 1.0), "?"),
        (shapes(0.40, 0.9, 0.7), "?"),
        (shapes(0.99, 1.0, np.nan, np.nan), "N"),
    ],
)
def test_each_rule_names_the_beat_it_is_for_and_no_other(beat: Shapes, letter: str) -> None:
    assert name_beats(beat) == [letter]


@pytest.mark.parametrize("strip", ["mit119_1", "mit109_1", "mit203_2", "mit201_2"])
def test_normal_and_ventricular_beats_of_a_real_strip_are_named_as_its_marks_say(strip: str, datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", strip))[0]
    same, near = agreement(recording, named_beats(recording, read_strip(recording)))
    assert same == near == len(recording.peaks)


def test_where_every_other_beat_is_ventricular_the_narrow_ones_are_the_usual_ones(datasets: Path) -> None:
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", "mit106_2"))[0]
    assert [AAMI[symbol] for symbol in recording.symbols].count("V") > recording.symbols.count("N")
    letters = [beat.letter for beat in named_beats(recording, read_strip(recording))]
    assert letters.count("N") == recording.symbols.count("N") and letters.count("V") >= 5


def test_limits_in_use_are_those_that_were_measured_and_the_page_shows_their_figures() -> None:
    assert Limits(**measured()["limits"]) == Limits()
    results = Path(__file__).parents[2] / "benchmarks" / "results" / "ecg-strips.json"
    assert json.loads(results.read_text())["sets"] == json.loads(MEASURED.read_text())["sets"]
    short, long = {each.letter: each for each in trust(10)}, {each.letter: each for each in trust(1800)}
    assert not short["S"].reliable and not long["S"].reliable and short["N"].reliable and short["V"].reliable
    assert short["N"].people == 12 and short["S"].n > 300
    assert reliability(10) != reliability(1800) and "% right" in reliability(10)
