"""The list of steps."""

from streamlit.testing.v1 import AppTest


def steps_page() -> None:
    import streamlit as st

    from components.step_list import StepList

    steps = StepList(("Task", "File", "Check"), key="try")
    with steps.body(2):
        st.caption("inside file")
    steps.mark(("done", "mend", "later"))


def test_every_step_is_visible_with_number_name_and_state_in_words() -> None:
    app = AppTest.from_function(steps_page).run()
    assert not app.exception
    assert [heading.value for heading in app.subheader] == ["1. Task", "2. File", "3. Check"]
    line = app.get("html")[0].proto.body
    assert "1. Task <small>· done" in line
    assert "2. File <small>· needs attention" in line
    assert "3. Check <small>· later" in line


def test_the_step_to_work_on_is_marked_for_a_screen_reader() -> None:
    app = AppTest.from_function(steps_page).run()
    line = app.get("html")[0].proto.body
    assert line.count('aria-current="step"') == 1
    assert line.index("aria-current") < line.index("2. File")
