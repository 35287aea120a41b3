"""A file of many inputs on Model Hive: stopped, left, gone on with, and nothing asked twice."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from components.ask_model import FILE, FORM
from components.ask_picture import MANY
from components.similar_cases import UNANSWERED
from data.intake.pictures import Picture
from data.intake.table import to_csv
from models import picture_batch, row_batch
from models.predict_picture import PictureAnswer
from models.registry import get_task
from models.task import Task
from models.turns import Turns
from models.versions import register_shipped
from tests.data.pictures import GREY, as_file, as_zip
from tests.pages.champions import make_champion
from tests.pages.conftest import OpenPage
from tests.pages.words import ended, texts

ZIP = "hive_breast_ultrasound_zip"
CSV = "hive_vitals_batch"


class Slow:
    """Stands in for a model: waits until it may go on, and remembers how much it was asked about each time."""

    def __init__(self, answer: Callable[..., object]) -> None:
        self.asked: list[int] = []
        self.at_work, self.on = threading.Event(), threading.Event()
        self._answer = answer

    def __call__(self, task: Task, some: Sequence[object], **options: object) -> object:
        self.asked.append(len(some))
        self.at_work.set()
        assert self.on.wait(60)
        return self._answer(task, some, **options)


def refused(_task: Task, pictures: Sequence[Picture], **_: object) -> list[PictureAnswer]:
    return [PictureAnswer("It is a drawing.", None) for _ in pictures]


@pytest.fixture
def slow_pictures(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    slow = Slow(refused)
    monkeypatch.setattr(picture_batch, "predict_pictures", slow)
    yield slow
    slow.on.set()


def stopped(app: AppTest, key: str, slow: Slow) -> AppTest:
    """Ask, and stop while the first few are being answered."""
    app.button(key=f"{key}_ask").click().run()
    assert slow.at_work.wait(60)
    app.run()  # a click elsewhere begins nothing a second time
    app.button(key=f"{key}_stop").click().run()
    slow.on.set()
    return ended(app)


def answers(app: AppTest) -> pd.DataFrame:
    return next(each.value for each in app.dataframe if "probability" in each.value)


def pictures(page: OpenPage) -> AppTest:
    register_shipped()
    app = page("model_hive", query={"task": "breast_ultrasound"})
    app.segmented_control(key="hive_breast_ultrasound_kind").set_value(MANY).run()
    packed = as_zip({f"{n:02}.png": as_file(GREY) for n in range(40)})
    return app.file_uploader(key=ZIP).set_value(("many.zip", packed, "application/zip")).run()


def test_a_stopped_zip_keeps_what_was_answered_and_goes_on_with_the_rest(page: OpenPage, slow_pictures: Slow) -> None:
    app = stopped(pictures(page), ZIP, slow_pictures)
    assert not app.exception and "Stopped after 16 of 40 pictures" in texts(app)
    assert len(answers(app)) == 16 and app.get("download_button")[0].label == "Download the answers"
    assert app.button(key=f"{ZIP}_ask").label == "Go on"
    app = ended(app.button(key=f"{ZIP}_ask").click().run())
    assert list(answers(app)["file"]) == [f"{n:02}.png" for n in range(40)]
    assert slow_pictures.asked == [16, 16, 8] and "Stopped" not in texts(app)


def test_what_was_answered_stays_while_one_asks_about_a_single_picture(page: OpenPage, slow_pictures: Slow) -> None:
    app = stopped(pictures(page), ZIP, slow_pictures)
    app.segmented_control(key="hive_breast_ultrasound_kind").set_value("One picture").run()
    app.segmented_control(key="hive_breast_ultrasound_kind").set_value(MANY).run()
    assert "Stopped after 16 of 40 pictures" in texts(app) and len(answers(app)) == 16
    app = ended(app.button(key=f"{ZIP}_ask").click().run())
    assert len(answers(app)) == 40 and sum(slow_pictures.asked) == 40


def test_a_file_that_is_taken_out_goes_with_its_answers(page: OpenPage, slow_pictures: Slow) -> None:
    app = stopped(pictures(page), ZIP, slow_pictures)
    app.file_uploader(key=ZIP).set_value([]).run()
    assert "Stopped" not in texts(app) and not [each for each in app.dataframe if "file" in each.value]


def test_a_stopped_csv_keeps_what_was_answered_and_goes_on_with_the_same_version(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_champion("vitals")
    task, slow = get_task("vitals"), Slow(row_batch.predict_rows)
    monkeypatch.setattr(row_batch, "AT_ONCE", 10)
    monkeypatch.setattr(row_batch, "predict_rows", slow)
    app = page("model_hive", query={"task": "vitals"})
    app.segmented_control(key="hive_vitals_kind").set_value(FILE).run()
    rows = task.generate(25, seed=9)
    raw = to_csv(rows, task.schema, labelled=False)
    app.file_uploader[0].set_value(("ward.csv", raw, "text/csv")).run()
    app = stopped(app, CSV, slow)
    assert not app.exception and "Stopped after 10 of 25 records" in texts(app) and len(answers(app)) == 10
    make_champion("vitals")
    app.segmented_control(key="hive_vitals_kind").set_value(FORM).run()
    app.segmented_control(key="hive_vitals_kind").set_value(FILE).run()
    app = ended(app.button(key=f"{CSV}_ask").click().run())
    assert list(answers(app)["row"]) == list(range(1, 26)) and slow.asked == [10, 10, 5]
    assert f"{first.label} · ward.csv" in texts(app) and "25 of 25 records answered" in texts(app)


def test_answers_to_a_file_say_why_no_similar_cases_stand_beside_them(page: OpenPage) -> None:
    for name, says in (
        ("vitals", "learnt from generated rows, so there are no training cases"),
        ("breast_cancer", "Similar cases are looked for one at a time, under “One record”"),
    ):
        make_champion(name)
        task = get_task(name)
        app = page("model_hive", query={"task": name})
        app.segmented_control(key=f"hive_{name}_kind").set_value(FILE).run()
        raw = to_csv(task.generate(3, seed=9), task.schema, labelled=False)
        app.file_uploader[0].set_value(("ward.csv", raw, "text/csv")).run()
        assert says not in texts(app)
        app = ended(app.button(key=f"hive_{name}_batch_ask").click().run())
        assert not app.exception and says in texts(app)


def test_a_refused_record_and_picture_say_why_no_similar_cases_are_looked_for(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_champion("breast_cancer")
    monkeypatch.setattr("models.predict._strangeness", lambda _model, rows, _version: [("Too far.", ())] * len(rows))
    app = page("model_hive", query={"task": "breast_cancer"})
    app.button(key="hive_breast_cancer_input_submit").click().run()
    assert not app.exception and "Too far." in texts(app) and UNANSWERED in texts(app)
    assert "hive_breast_cancer_similar_find" not in {each.key for each in app.button}

    register_shipped()
    monkeypatch.setattr("models.predict_picture.predict_pictures", refused)
    app = page("model_hive", query={"task": "pneumonia"})
    app.button(key="hive_pneumonia_sample").click().run()
    assert not app.exception and "It is a drawing." in texts(app) and UNANSWERED in texts(app)


def test_a_file_waits_for_its_turn_and_asks_for_one_each_time(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(1)
    monkeypatch.setattr("components.batch.turn", turns.turn)
    monkeypatch.setattr(row_batch, "AT_ONCE", 10)
    make_champion("vitals")
    task, slow = get_task("vitals"), Slow(row_batch.predict_rows)
    slow.on.set()
    monkeypatch.setattr(row_batch, "predict_rows", slow)
    app = page("model_hive", query={"task": "vitals"})
    app.segmented_control(key="hive_vitals_kind").set_value(FILE).run()
    raw = to_csv(task.generate(25, seed=9), task.schema, labelled=False)
    app.file_uploader[0].set_value(("ward.csv", raw, "text/csv")).run()
    with turns.turn():
        app.button(key=f"{CSV}_ask").click().run()
        assert not slow.at_work.wait(0.5)
    app = ended(app)
    assert slow.asked == [10, 10, 5] and "25 of 25 records answered" in texts(app)


@pytest.mark.parametrize(
    ("name", "button"), [("vitals", "hive_vitals_input_submit"), ("pneumonia", "hive_pneumonia_sample")]
)
def test_a_single_answer_takes_a_turn_as_an_answer_by_api_does(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str, button: str
) -> None:
    taken: list[str] = []

    @contextmanager
    def counted() -> Iterator[None]:
        taken.append(name)
        yield

    monkeypatch.setattr("components.ask_model.turn", counted)
    monkeypatch.setattr("components.ask_picture.turn", counted)
    monkeypatch.setattr("models.predict_picture.predict_pictures", refused)
    if name == "vitals":
        make_champion(name)
    else:
        register_shipped()
    app = page("model_hive", query={"task": name})
    app.button(key=button).click().run()
    assert not app.exception and taken == [name]
