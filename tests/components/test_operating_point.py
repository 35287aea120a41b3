"""The operating point: moving the slider changes what becomes of a thousand patients."""

import pytest
from streamlit.testing.v1 import AppTest

from components.operating_point import thousand
from models.behaviour import Curve

CURVE = Curve("malignant", 40, 60, (0.1, 0.5, 0.9), (1.0, 0.9, 0.4), (0.3, 0.8, 1.0))


def point_page() -> None:
    from components.operating_point import operating_point
    from tests.components.test_operating_point import CURVE

    operating_point(CURVE, 0.5, 0.7, key="p")


@pytest.mark.parametrize(
    ("threshold", "ill", "counts"),
    [(0.5, 100, (90, 10, 180, 720)), (0.9, 400, (160, 240, 0, 600)), (1.0, 10, (0, 10, 0, 990))],
)
def test_a_thousand_patients_are_sorted_by_sensitivity_and_specificity(
    threshold: float, ill: int, counts: tuple[int, ...]
) -> None:
    assert thousand(CURVE, threshold, ill) == counts


def test_moving_the_slider_changes_the_counts_and_the_side_of_this_record() -> None:
    app = AppTest.from_function(point_page, default_timeout=20).run()
    assert not app.exception
    first = app.get("html")[0].proto.body
    assert "of 400: sensitivity 90%" in first and "positive at 50 %" in app.caption[0].value
    app.select_slider(key="p_threshold").set_value(90).run()
    assert app.get("html")[0].proto.body != first
    assert "negative at 90 %" in app.caption[0].value
