"""Home, in every role, before and after the first run."""

from pathlib import Path

import pytest

from accounts.permissions import Role
from components import tour
from data.database import Run, transaction
from tests.components.runs_in_database import add_run
from tests.pages.champions import make_champion
from tests.pages.conftest import OpenPage
from tests.pages.words import texts


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_the_promise_the_hive_and_the_way_into_the_tour(page: OpenPage, role: Role) -> None:
    add_run()
    app = page("home", role)
    assert not app.exception
    seen = texts(app)
    assert "Hospitals learn together. Patients stay home." in seen
    assert "AUC of the global model rose from 0.500" in seen
    assert "AUC 0.990, 95 % interval 0.970 to 0.995" in seen
    assert [button.label for button in app.button].count("Start the three-minute tour") == 1


def test_before_any_run_home_says_so_and_shows_no_number(page: OpenPage) -> None:
    seen = texts(page("home"))
    assert "No run has finished on this installation yet." in seen
    assert "No model serves yet." in seen
    assert "AUC" not in seen


def test_champions_have_their_figure_with_interval_and_the_synthetic_mark(page: OpenPage) -> None:
    make_champion("vitals")
    seen = texts(page("home"))
    assert "Vital signs" in seen
    assert "(95 %)" in seen
    assert "synthetic data" in seen


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.VISITOR, set()),
        (Role.USER, {"Your conversations"}),
        (Role.PROVIDER, {"What Riverside Clinic gave and gained"}),
        (Role.ADMIN, {"Run 1 is running"}),
    ],
)
def test_somebody_signed_in_is_told_where_to_continue(page: OpenPage, role: Role, offered: set[str]) -> None:
    add_run("running")
    labels = {button.label for button in page("home", role).button}
    assert offered <= labels
    if role is Role.VISITOR:
        assert "Run 1 is running" not in labels


def test_only_who_may_watch_runs_can_open_the_whole_run(page: OpenPage) -> None:
    add_run()
    assert not page("home", Role.USER).toggle
    app = page("home", Role.CONTRIBUTOR)
    app.toggle(key="home_whole_run").set_value(True).run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Sites", "Benefit", "Events", "Settings", "Privacy"]
    assert "Cancel the run" not in [button.label for button in app.button]


def test_the_tour_begins_with_signing_in_as_demo_admin(page: OpenPage) -> None:
    app = page("home")
    app.button(key="home_tour").click().run()
    assert not app.exception
    gone_to = [element.proto.json for element in app.get("bidi_component")]
    assert any("/auth/enter?code=" in data and "next=admin" in data for data in gone_to)


def test_the_tour_follows_what_the_person_did_since_it_began(home: Path) -> None:
    from accounts import people
    from models.versions import promote

    admin = people.demo_people()[0].id
    assert tour.progress(0.0, None).done == 0
    assert tour.progress(0.0, admin).done == 1
    run = add_run("running", by=admin)
    assert (tour.progress(0.0, admin).done, tour.progress(0.0, admin).run_id) == (2, run)
    with transaction() as session:
        made = session.get_one(Run, run)
        made.status, made.finished_at = "done", made.started_at
    assert tour.progress(0.0, admin).done == 3
    version = make_champion("breast_cancer", promoted=False)
    promote(version.id, reason="a trial", by=admin)
    assert tour.progress(0.0, admin).done == 4


def test_the_tour_does_not_count_what_was_done_before_it_began(home: Path) -> None:
    from accounts import people

    admin = people.demo_people()[0].id
    add_run(by=admin)
    assert tour.progress(4e9, admin).done == 1


def test_the_tour_ends_when_asked_to(page: OpenPage) -> None:
    app = page("home", Role.ADMIN)
    app.session_state["tour_since"] = 1.0
    app.run()
    assert "Open the form" in [button.label for button in app.button]
    app.button(key="tour_end").click().run()
    assert not app.exception
    assert "Open the form" not in [button.label for button in app.button]


@pytest.mark.parametrize("cookie", ["", "soon", "nan", "inf", "9999", "-1", "1"])
def test_a_cookie_that_is_no_recent_time_starts_no_tour(cookie: str) -> None:
    assert tour.begun(cookie, now=5000.0) is None
    assert tour.begun("4990", now=5000.0) == 4990.0
