"""The Model Hive page, in every role."""

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from accounts.permissions import Role
from data.intake.table import to_csv
from models.encoding import Check
from models.registry import get_task, tasks
from models.similar import NoCases
from models.versions import get_version, register_shipped
from settings import get_settings
from tests.pages.champions import make_champion
from tests.pages.conftest import OpenPage
from tests.pages.words import ended, texts
from tests.tampering import change_one_bit


def ask(app: AppTest, name: str) -> AppTest:
    return app.button(key=f"hive_{name}_input_submit").click().run()


def answered_sample(page: OpenPage) -> AppTest:
    """Open breast cancer's page and ask about the sample record."""
    make_champion("breast_cancer")
    app = page("model_hive", query={"task": "breast_cancer"})
    app.button(key="hive_breast_cancer_sample").click().run()
    return ask(app, "breast_cancer")


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_every_task_in_the_gallery(page: OpenPage, role: Role) -> None:
    app = page("model_hive", role)
    assert not app.exception
    seen = texts(app)
    for task in tasks().values():
        assert task.question in seen


def test_a_task_without_champion_says_so_in_the_gallery_and_on_its_page(page: OpenPage) -> None:
    assert texts(page("model_hive")).count("No champion yet") == len(tasks())
    app = page("model_hive", query={"task": "breast_cancer"})
    assert not app.exception
    assert "no champion yet" in texts(app)
    assert "Ask the model" not in [button.label for button in app.button]
    assert "has no version yet" in texts(app)


def test_a_card_has_the_champions_figure_with_interval_rows_sites_and_synthetic_mark(page: OpenPage) -> None:
    make_champion("vitals")
    seen = texts(page("model_hive"))
    assert "95 % interval" in seen and "held-out rows" in seen
    assert "version 1 · 1 site" in seen
    assert "synthetic data" in seen


def test_opening_a_card_puts_the_task_into_the_address_and_back_takes_it_out(page: OpenPage) -> None:
    make_champion("vitals")
    app = page("model_hive")
    app.button(key="hive_open_vitals").click().run()
    assert app.query_params["task"] == ["vitals"] or app.query_params["task"] == "vitals"
    assert app.title[0].value == get_task("vitals").question
    app.button(key="hive_back").click().run()
    assert "task" not in app.query_params
    assert app.title[0].value == "Model Hive"


def test_an_address_with_an_unknown_task_shows_the_gallery_and_says_so(page: OpenPage) -> None:
    app = page("model_hive", query={"task": "<b>nothing</b>"})
    assert not app.exception
    assert "There is no task with the name in this address" in texts(app)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_tries_a_sample_and_gets_a_whole_answer(page: OpenPage, role: Role) -> None:
    make_champion("vitals")
    app = page("model_hive", role, query={"task": "vitals"})
    app.button(key="hive_vitals_sample").click().run()
    assert "A generated record, no patient is behind it" in texts(app)
    ask(app, "vitals")
    assert not app.exception
    seen = texts(app)
    for part in (
        "These vital signs",
        "Probability of",
        "95 % interval",
        "spoke most for",
        "version 1",
        "not for clinical use",
    ):
        assert part in seen
    assert "The record itself says" in seen


@pytest.mark.parametrize("name", ["breast_cancer", "heart_disease"])
def test_a_real_held_out_record_is_said_to_be_one_and_can_be_asked_about(
    page: OpenPage, name: str, datasets: object
) -> None:
    make_champion(name)
    app = page("model_hive", query={"task": name})
    app.button(key=f"hive_{name}_sample").click().run()
    assert "A real held-out record that no site trained on" in texts(app)
    ask(app, name)
    assert not app.exception
    assert "The record itself says" in texts(app)


def test_a_changed_sample_is_no_longer_said_to_be_the_record(page: OpenPage) -> None:
    make_champion("vitals")
    app = page("model_hive", query={"task": "vitals"})
    app.button(key="hive_vitals_sample").click().run()
    field = app.number_input(key="hive_vitals_input_heart_rate")
    field.set_value(60 if field.value != 60 else 61)
    ask(app, "vitals")
    assert "The record itself says" not in texts(app)
    assert "Probability of" in texts(app)


def test_an_out_of_range_value_gets_a_sentence_at_its_field_and_no_answer(page: OpenPage) -> None:
    make_champion("vitals")
    app = page("model_hive", query={"task": "vitals"})
    app.number_input(key="hive_vitals_input_spo2").set_value(20)
    ask(app, "vitals")
    assert not app.exception
    assert "Oxygen saturation must be a whole number from 90 to 100 %." in texts(app)
    assert "Probability of" not in texts(app)


def test_an_answer_never_stays_beside_inputs_it_was_not_given_for(page: OpenPage) -> None:
    make_champion("vitals")
    app = page("model_hive", query={"task": "vitals"})
    ask(app, "vitals")
    assert "Probability of" in texts(app)
    app.number_input(key="hive_vitals_input_spo2").set_value(20)
    ask(app, "vitals")
    assert "Probability of" not in texts(app)


def test_a_csv_of_many_rows_gets_one_answer_a_row(page: OpenPage) -> None:
    make_champion("vitals")
    task = get_task("vitals")
    app = page("model_hive", query={"task": "vitals"})
    app.segmented_control(key="hive_vitals_kind").set_value("A file of many").run()
    raw = to_csv(task.generate(30, seed=9), task.schema, labelled=False)
    app.file_uploader[0].set_value(("ward.csv", raw, "text/csv")).run()
    app = ended(app.button(key="hive_vitals_batch_ask").click().run())
    assert not app.exception and "30 of 30 records answered" in texts(app)
    (table,) = [frame.value for frame in app.dataframe if "probability" in frame.value.columns]
    assert len(table) == 30
    assert (np.diff([table["low"], table["probability"], table["high"]], axis=0) >= 0).all()
    assert "Download the answers" in [button.label for button in app.get("download_button")]


def test_a_csv_with_wrong_values_lists_them_and_asks_nothing(page: OpenPage) -> None:
    make_champion("vitals")
    app = page("model_hive", query={"task": "vitals"})
    app.segmented_control(key="hive_vitals_kind").set_value("A file of many").run()
    raw = b"heart_rate,systolic_bp,diastolic_bp,spo2\n75,120,80,50\n"
    app.file_uploader[0].set_value(("ward.csv", raw, "text/csv")).run()
    assert not app.exception
    (table,) = [table.value for table in app.table if "Rule" in table.value.columns]
    assert (table.iloc[0]["Row"], table.iloc[0]["Column"]) == ("1", "spo2")
    assert "Ask the model" not in [button.label for button in app.button]


def test_a_damaged_champion_is_said_to_be_damaged(page: OpenPage) -> None:
    version = make_champion("vitals")
    (weights,) = (get_settings().home / "versions" / "vitals" / "1").glob("*.safetensors")
    from models import versions

    versions._read.cache_clear()
    change_one_bit(weights)
    app = page("model_hive", query={"task": "vitals"})
    ask(app, "vitals")
    assert not app.exception
    assert app.error and get_version(version.id).champion


def test_the_tabs_show_card_figures_with_intervals_and_the_history(page: OpenPage) -> None:
    make_champion("vitals")
    make_champion("vitals", promoted=False)
    app = page("model_hive", query={"task": "vitals"})
    assert [tab.label for tab in app.tabs] == ["Card", "Figures", "Versions"]
    figures = next(table.value for table in app.table if "Metric" in table.value.columns)
    assert set(figures["Metric"]) >= {"AUC", "Accuracy", "Sensitivity", "Specificity"}
    versions = next(frame.value for frame in app.dataframe if "State" in frame.value.columns)
    assert list(versions["State"]) == ["", "champion"]
    decisions = next(frame.value for frame in app.dataframe if "Decision" in frame.value.columns)
    assert decisions.iloc[0]["Reason"] == "to be tested"


def test_an_ecg_is_read_where_no_champion_names_its_beats_and_back_leads_to_the_gallery(page: OpenPage) -> None:
    app = page("model_hive")
    app.button(key="hive_open_ecg").click().run()
    assert not app.exception
    assert app.title[0].value == "What does this ECG show, beat by beat?"
    assert "no champion yet" in texts(app)
    assert "WFDB" in texts(app)
    app.button(key="hive_back").click().run()
    assert app.title[0].value == "Model Hive"


def test_the_most_similar_training_cases_stand_beside_an_answer_and_go_with_it(page: OpenPage) -> None:
    app = answered_sample(page)
    app = ended(app.button(key="hive_breast_cancer_similar_find").click().run())
    assert not app.exception and "Nearest of" in texts(app) and "CC BY 4.0" in texts(app)
    table = next(each.value for each in app.dataframe if "Case 3" in each.value)
    assert list(table.columns) == ["", "This record", "Case 1", "Case 2", "Case 3"]
    assert len(table) == 2 + len(get_task("breast_cancer").schema.columns)
    assert set(table.iloc[0, 2:]) <= set(get_task("breast_cancer").classes)
    app.button(key="hive_breast_cancer_sample").click().run()
    app = ask(app, "breast_cancer")
    assert "Nearest of" not in texts(app)


def test_a_task_whose_cases_may_not_be_shown_says_why(page: OpenPage) -> None:
    make_champion("vitals")
    app = ask(page("model_hive", query={"task": "vitals"}), "vitals")
    assert "learnt from generated rows, so there are no training cases" in texts(app)


def test_a_text_answer_says_why_no_cases_are_shown_or_shows_three(
    page: OpenPage, datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_shipped()
    app = page("model_hive", query={"task": "symptoms"})
    app.button(key="hive_symptoms_sample").click().run()
    assert "Similar cases" not in texts(app)
    app.button(key="hive_symptoms_submit").click().run()
    task = get_task("symptoms")
    assert not app.exception and f"are not shown; their licence: {task.licence}." in texts(app)

    monkeypatch.setattr(type(task), "shows_cases", True)
    monkeypatch.setattr("models.similar.MOST", 30)
    app.run()
    app = ended(app.button(key="hive_symptoms_similar_find").click().run())
    assert not app.exception and "Nearest of 30 training cases" in texts(app)
    assert list(app.table[0].value.columns) == ["Text", "Found", "Distance"] and len(app.table[0].value) == 3


def test_an_ecg_says_why_no_cases_are_shown(page: OpenPage) -> None:
    app = page("model_hive", query={"task": "ecg"})
    assert "Similar cases" not in texts(app)
    app.button(key="hive_ecg_sample").click().run()
    assert not app.exception and "no training case is like a whole recording, so none is shown" in texts(app)


def test_a_search_for_similar_cases_can_be_stopped_and_begun_again(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answered_sample(page)
    find, stop = "hive_breast_cancer_similar_find", "hive_breast_cancer_similar_stop"

    def slow(*_: object, check: Check, **__: object) -> None:
        check(32, 600)
        check(64, 600)
        while True:
            time.sleep(0.01)
            check(64, 600)

    with monkeypatch.context() as patch:
        patch.setattr("models.similar.similar_cases", slow)
        app.button(key=find).click().run()
        time.sleep(0.5)
        app.run()  # a click elsewhere
        assert not app.exception and find not in {each.key for each in app.button}
        bar = app.get("progress")[0].proto
        assert bar.text.startswith("64 of 600 training cases, about ") and bar.value == 10
        app = ended(app.button(key=stop).click().run())
    assert stop not in {each.key for each in app.button} and not app.get("progress")
    app = ended(app.button(key=find).click().run())
    assert not app.exception and "Nearest of" in texts(app)
    assert not {find, stop} & {each.key for each in app.button}


def test_a_search_that_finds_nothing_says_why_once_and_can_be_begun_again(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answered_sample(page)
    asked = []

    def nothing(*_: object, **__: object) -> None:
        asked.append(1)
        raise NoCases("The training cases are not shown.")

    monkeypatch.setattr("models.similar.similar_cases", nothing)
    app = ended(app.button(key="hive_breast_cancer_similar_find").click().run())
    assert "The training cases are not shown." in texts(app.run()) and len(asked) == 1
    keys = {each.key: each for each in app.button}
    assert not keys["hive_breast_cancer_similar_find"].disabled and "hive_breast_cancer_similar_stop" not in keys
