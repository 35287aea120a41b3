"""The form for one record."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.input_form import NOT_KNOWN, complaint, grouped
from data.table import Column
from models.registry import get_task

AGE = Column("age", "Age", "years", 18, 110, 54, "integer")
SPO2 = Column("spo2", "Oxygen saturation", "%", 90, 100, 97, nullable=True)
SEX = Column("sex", "Sex", "", 0, 1, 1, "category", {0: "female", 1: "male"})


def form_page() -> None:
    import streamlit as st

    from components.input_form import fill, input_form
    from models.registry import get_task

    task = get_task(st.session_state.get("task_name", "heart_disease"))
    if (row := st.session_state.pop("put", None)) is not None:
        fill(task.schema, "form", row)
    answer = input_form(task.schema, key="form", submit="Ask the model")
    if answer.row is not None:
        st.session_state["row"] = answer.row


@pytest.fixture
def form(home: object) -> AppTest:
    return AppTest.from_function(form_page, default_timeout=20).run()


def submit(form: AppTest) -> AppTest:
    return form.button(key="form_submit").click().run()


@pytest.mark.parametrize("value", [17.0, 111.0, 54.5, float("nan"), float("inf"), None])
def test_a_value_that_is_not_allowed_gets_a_sentence_with_the_range(value: float | None) -> None:
    assert "from 18 to 110 years" in complaint(AGE, value)


@pytest.mark.parametrize("value", [18.0, 110.0, 54.0])
def test_a_value_in_the_range_both_ends_included_gets_no_sentence(value: float) -> None:
    assert complaint(AGE, value) == ""


def test_a_missing_value_is_allowed_only_where_the_column_is_nullable() -> None:
    assert complaint(SPO2, None) == ""
    assert complaint(AGE, None) == "Age is needed: a whole number from 18 to 110 years."


def test_a_category_takes_only_its_own_codes() -> None:
    assert complaint(SEX, 1) == ""
    assert complaint(SEX, 2) == "Sex must be 0 (female) or 1 (male)."


def test_thirty_columns_fall_into_groups_named_by_what_their_titles_share() -> None:
    groups = grouped(get_task("breast_cancer").schema.columns)
    assert [(name, len(columns)) for name, columns in groups] == [("Mean", 10), ("Standard error", 10), ("Worst", 10)]


def test_a_short_form_has_no_groups() -> None:
    assert [name for name, _ in grouped(get_task("vitals").schema.columns)] == [""]


def test_many_columns_without_shared_words_fall_into_tens() -> None:
    columns = [Column(f"c{i}", f"Value{i}", "", 0, 1, 0) for i in range(25)]
    assert [len(group) for _, group in grouped(columns)] == [10, 10, 5]


def test_the_form_starts_with_typical_values_and_gives_them_when_submitted(form: AppTest) -> None:
    submit(form)
    typical = [column.typical for column in get_task("heart_disease").schema.columns]
    np.testing.assert_allclose(form.session_state["row"], typical, rtol=1e-5)


def test_an_out_of_range_value_gets_its_sentence_at_the_field_and_nothing_is_asked(form: AppTest) -> None:
    form.number_input(key="form_age").set_value(300)
    submit(form)
    assert any("Age must be a whole number from 18 to 110 years." in m.value for m in form.markdown)
    assert "Age" in form.warning[0].value
    assert "row" not in form.session_state


def test_an_empty_nullable_field_goes_in_as_missing(form: AppTest) -> None:
    form.number_input(key="form_chol").set_value(None)
    submit(form)
    names = get_task("heart_disease").schema.names
    assert np.isnan(form.session_state["row"][names.index("chol")])


def test_an_empty_field_that_is_needed_is_asked_for(form: AppTest) -> None:
    form.number_input(key="form_age").set_value(None)
    submit(form)
    assert "row" not in form.session_state


def test_a_nullable_category_can_be_left_unknown(form: AppTest) -> None:
    form.selectbox(key="form_fbs").set_value(None)
    submit(form)
    names = get_task("heart_disease").schema.names
    assert np.isnan(form.session_state["row"][names.index("fbs")])
    assert form.selectbox(key="form_fbs").proto.placeholder == NOT_KNOWN


@pytest.mark.parametrize("name", ["breast_cancer", "heart_disease", "vitals"])
def test_every_generated_record_goes_through_the_form_unchanged(home: object, name: str) -> None:
    rows = get_task(name).generate(4, seed=3)
    app = AppTest.from_function(form_page, default_timeout=20)
    app.session_state["task_name"] = name
    app.run()
    for row in rows.x:
        app.session_state["put"] = row
        app.run()
        submit(app)
        np.testing.assert_allclose(app.session_state["row"], row, rtol=1e-5, atol=1e-6)
