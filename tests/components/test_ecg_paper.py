"""The strip is drawn to scale: 25 mm a second, 10 mm a millivolt."""

import numpy as np

from components.ecg_paper import Mark, drawing


def test_a_second_is_25_mm_and_a_millivolt_10_mm() -> None:
    signal = np.zeros(1000)
    signal[500] = 1.0
    found = drawing(signal, 250, "II", [Mark(2.0, "V", "V")], "A strip.")
    assert found["width"] == 100 and found["points"][500][0] == 50
    assert found["points"][0][1] - found["points"][500][1] == 10
    assert found["beats"] == [{"x": 50.0, "y": 3.0, "kind": "V", "letter": "V"}]


def test_a_long_strip_is_drawn_with_as_many_points_as_can_be_told_apart() -> None:
    assert len(drawing(np.zeros(200_000), 500, "II", [], "x")["points"]) <= 6000
