"""The operating point: moving the slider changes what becomes of a thousand patients."""

import pytest
from streamlit.testing.v1 import AppTest

from components.operating_point import thousand
from models.behaviour import Curve, curve_of_points
from models.predict_picture import PictureAnswer
from models.registry import get_task
from models.versions import champion, register_shipped
from tests.pages.conftest import OpenPage
from tests.pages.words import texts

CURVE = Curve("malignant", 40, 60, (0.1, 0.5, 0.9), (1.0, 0.9, 0.4), (0.3, 0.8, 1.0))


def point_page() -> None:
    from components.operating_point import operating_point
    from tests.pages.test_operating_point import CURVE

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


@pytest.mark.parametrize("name", ["pneumonia", "breast_ultrasound", "glaucoma", "brain_tumour"])
def test_pictures_have_the_same_sliders_at_the_points_their_run_wrote_down(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    register_shipped()
    monkeypatch.setattr("models.predict_picture.predict_pictures", lambda *_, **__: [PictureAnswer("Refused.", None)])
    version = champion(name)
    assert version is not None
    points = version.manifest["data"]["operating"]["points"]
    curve = curve_of_points(get_task(name), version.manifest)
    assert curve is not None and curve.positives + curve.negatives == version.manifest["n"]
    assert [curve.at(each["threshold"]) for each in points] == [
        (each["sensitivity"], each["specificity"]) for each in points
    ]
    app = page("model_hive", query={"task": name})
    app.button(key=f"hive_{name}_sample").click().run()
    slider = app.select_slider(key=f"hive_{name}_threshold")
    assert slider.options == [f"{round(100 * each['threshold'])} %" for each in points]
    assert not app.exception and f"{curve.positives} held-out rows with" in texts(app)
