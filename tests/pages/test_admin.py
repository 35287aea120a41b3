"""Admin: who may open it, and every act on it, checked again when it is done and written to the audit log."""

import pytest
from streamlit.testing.v1 import AppTest

from accounts import audit, people
from accounts.permissions import Role
from components import gate, run_monitor
from components.admin_audit import audit_csv, filtered
from components.admin_history import has_earlier
from data.database import Run, transaction
from data.sites import ensure_site
from data.vault import store
from fl import runs
from fl.progress import Glance
from fl.runs import RunRequest, get_run, list_runs
from fl.worker_status import WorkerStatus
from models.registry import get_task
from models.versions import champion, promotions
from tests.components.runs_in_database import add_run
from tests.pages.champions import make_champion
from tests.pages.conftest import OpenPage, cookie_of
from tests.pages.words import texts

SECTIONS = ("overview", "start", "runs", "compare", "report", "decision", "audit", "people")


def admin(page: OpenPage, section: str, **query: str) -> AppTest:
    app = page("admin", Role.ADMIN, query={"section": section, **query}, timeout=60)
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press_in_dialog(app: AppTest, opener: str, button: str) -> AppTest:
    """Press a button of an open dialog; AppTest runs the whole page, so what opened it is pressed again."""
    app.button(key=opener).click()
    return app.button(key=button).click().run()


def acts() -> list[str]:
    return [entry.action for entry in audit.entries()]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_an_admin_sees_anything_of_admin(page: OpenPage, role: Role) -> None:
    for section in SECTIONS:
        app = page("admin", role, query={"section": section})
        assert not app.exception
        assert "Start the run" not in labels(app)
        assert not app.dataframe
        assert "It is for people who may start a run" in texts(app)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_before_anything_has_happened(page: OpenPage, section: str) -> None:
    assert "Admin" in texts(admin(page, section))


def test_an_unknown_section_in_the_address_shows_the_overview(page: OpenPage) -> None:
    assert "Waiting for a decision" in texts(admin(page, "nonsense"))


def test_the_overview_counts_runs_and_names_what_waits_for_a_decision(page: OpenPage) -> None:
    add_run()
    make_champion("vitals")
    make_champion("vitals", promoted=False)
    app = admin(page, "overview")
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Worker"] == "not running"
    assert tiles["Queue"] == "0"
    assert "Vital signs, version 2" in texts(app)
    assert "Compare and decide" in labels(app)


def test_the_form_starts_a_run_with_the_tasks_own_settings_and_opens_its_monitor(page: OpenPage) -> None:
    app = admin(page, "start")
    app.button(key="start_run").click().run()
    assert not app.exception
    request = get_run(list_runs()[0].id).request
    own = get_task("breast_cancer").training
    assert (request.task, request.rounds, request.sites) == ("breast_cancer", own.rounds, own.sites)
    assert (request.learning_rate, request.seed) == (own.learning_rate, 1)
    assert "asked for a run" in acts()


def test_a_strategy_explains_its_parameters_and_they_reach_the_run(page: OpenPage) -> None:
    app = admin(page, "start")
    app.selectbox(key="start_strategy").set_value("fedprox").run()
    assert "How strongly a site is held near the global weights" in texts(app)
    app.number_input(key="start_fedprox_proximal_mu").set_value(0.5).run()
    app.button(key="start_run").click().run()
    assert get_run(list_runs()[0].id).request.strategy_settings == {"proximal_mu": 0.5}


def test_sites_may_standardise_for_themselves_but_not_under_noise_on_their_rows(page: OpenPage) -> None:
    app = admin(page, "start")
    app.selectbox(key="start_standardise_breast_cancer").set_value("site").run()
    app.button(key="start_run").click().run()
    assert get_run(list_runs()[0].id).request.standardise == "site"
    app = admin(page, "start")
    app.select_slider(key="start_epsilon").set_value("8").run()
    assert "start_standardise_breast_cancer" not in [each.key for each in app.selectbox]


def test_what_was_changed_in_the_moment_before_the_click_counts(page: OpenPage) -> None:
    app = admin(page, "start")
    app.number_input(key="start_rounds_breast_cancer").set_value(7)
    app.selectbox(key="start_strategy").set_value("fedprox")
    app.button(key="start_run").click().run()
    request = get_run(list_runs()[0].id).request
    assert (request.rounds, request.strategy) == (7, "fedprox")


def test_a_task_chosen_in_the_moment_before_the_click_trains_with_its_own_settings(page: OpenPage) -> None:
    app = admin(page, "start")
    app.selectbox(key="start_task").set_value("heart_disease")
    app.button(key="start_run").click().run()
    assert get_run(list_runs()[0].id).request == RunRequest.for_task(get_task("heart_disease"), seed=1).validated()


def test_a_run_just_asked_for_shows_hive_and_strip_first_and_its_curves_later(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_monitor, "YOUNG", 1000.0)
    app = admin(page, "start")
    app.button(key="start_run").click().run()
    assert "Starts next." in texts(app)
    assert "Cancel the run" in labels(app)
    assert not app.get("plotly_chart")

    monkeypatch.setattr(run_monitor, "YOUNG", 0.0)
    assert len(app.run().get("plotly_chart")) == 2


@pytest.mark.parametrize(("busy", "warm", "looks"), [(None, True, 3), (4, True, 0), (None, False, 0)])
def test_the_click_waits_for_the_first_round_only_where_a_warm_worker_is_free(
    monkeypatch: pytest.MonkeyPatch, busy: int | None, warm: bool, looks: int
) -> None:
    rounds = iter([0, 0, 1])
    seen: list[int] = []

    def glance(run_id: int) -> Glance:
        seen.append(run_id)
        return Glance("running", next(rounds), 0.1)

    monkeypatch.setattr(run_monitor, "PATIENCE", 60.0)
    monkeypatch.setattr(runs, "worker_status", lambda: WorkerStatus(alive=True, warm=warm, busy_run=busy))
    monkeypatch.setattr(runs, "glance", glance)
    run_monitor.await_first_round(7)
    assert seen == [7] * looks


def test_contributed_datasets_are_offered_and_can_train_without_demo_sites(page: OpenPage) -> None:
    rows = get_task("vitals").generate(60, seed=1)
    with transaction() as session:
        site = ensure_site(session, "North Hospital")
        session.flush()
        site_id = site.id
    receipt = store(rows, task="vitals", site_id=site_id, filename="v.csv", file_sha256="0" * 64, by=None)
    app = admin(page, "start")
    app.selectbox(key="start_task").set_value("vitals").run()
    assert any("North Hospital: 60 rows" in option for option in app.multiselect[0].options)
    app.selectbox(key="start_partition_vitals").set_value("none").run()
    assert "on 1 contributed dataset" in texts(app)
    app.button(key="start_run").click().run()
    request = get_run(list_runs()[0].id).request
    assert (request.sites, request.datasets) == (0, (receipt.dataset_id,))


def test_a_run_without_any_site_is_refused_in_a_sentence(page: OpenPage) -> None:
    app = admin(page, "start")
    app.selectbox(key="start_partition_breast_cancer").set_value("none").run()
    app.button(key="start_run").click().run()
    assert "needs at least one site" in app.error[0].value
    assert not list_runs()


@pytest.mark.parametrize(
    ("section", "button", "query"),
    [
        ("start", "start_run", {}),
        ("runs", "monitor_cancel_1", {"run": "1"}),
        ("runs", "monitor_resume_2", {"run": "2"}),
        ("decision", "Promote", {}),
    ],
)
def test_who_lost_the_right_while_the_page_stood_open_changes_nothing(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch, section: str, button: str, query: dict[str, str]
) -> None:
    add_run("running")
    add_run("cancelled")
    make_champion("breast_cancer")
    make_champion("breast_cancer", promoted=False)
    app = admin(page, section, **query)
    before = acts()
    monkeypatch.setattr(gate, "_cookie", lambda: cookie_of(Role.USER))
    next(one for one in app.button if button in (one.key, one.label)).click().run()
    assert "Your role does not open this page" in texts(app)
    assert [act for act in acts() if act != "signed in"] == [act for act in before if act != "signed in"]
    assert [run.status for run in list_runs()] == ["cancelled", "running"]


def test_runs_are_listed_and_filtered_by_task_and_status(page: OpenPage) -> None:
    add_run()
    add_run("failed", task="vitals")
    app = admin(page, "runs")
    assert app.dataframe[0].value["Run"].tolist() == [2, 1]
    app.selectbox(key="runs_status").set_value("failed").run()
    assert app.dataframe[0].value["Task"].tolist() == ["Vital signs"]
    app.selectbox(key="runs_task").set_value("heart_disease").run()
    assert "No run fits the filter." in texts(app)


def test_two_ticked_runs_are_laid_over_each_other_with_what_differs(page: OpenPage) -> None:
    add_run()
    add_run(strategy="fedprox", done=1)
    app = admin(page, "runs")
    app.session_state["runs_table_None_None"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "Run 2, fedprox ends at AUC 0.600, Run 1, fedavg at 0.700" in texts(app)
    assert app.dataframe[-1].value["Setting"].tolist() == ["strategy"]


def test_a_run_that_waits_shows_its_place_and_is_moved_to_the_front(page: OpenPage) -> None:
    add_run("queued")
    second = add_run("queued")
    app = admin(page, "runs")
    assert app.dataframe[0].value["Place in queue"].tolist() == [2, 1]
    app.session_state["runs_table_None_None"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert f"Run {second} is number 2 of 2 in the queue." in texts(app)
    app.button(key=f"runs_first_{second}").click().run()
    assert (get_run(second).position_in_queue, get_run(second).priority) == (1, 1)
    assert "moved a run in the queue" in acts()


def test_runs_of_different_tasks_are_not_compared(page: OpenPage) -> None:
    add_run()
    add_run(task="vitals")
    app = admin(page, "runs")
    app.session_state["runs_table_None_None"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    app.run()
    assert "their figures do not compare" in texts(app)


def test_the_monitor_of_a_running_run_shows_where_it_stands_and_cancels_it(page: OpenPage) -> None:
    run = add_run("running")
    app = admin(page, "runs", run=str(run))
    seen = texts(app)
    assert f"Run {run}, Breast cancer" in seen
    assert "Elapsed" in seen and "Remaining" in seen
    app.button(key=f"monitor_cancel_{run}").click().run()
    assert get_run(run).status == "cancelled" or get_run(run).phase == "cancelling"
    assert any("cancel" in action for action in acts())


def test_a_finished_run_shows_final_figures_replay_and_downloads(page: OpenPage) -> None:
    run = add_run()
    app = admin(page, "runs", run=str(run))
    seen = texts(app)
    assert "0.970 to 0.995" in seen
    assert "Replay" in labels(app)
    app.slider(key=f"replay_{run}").set_value(1).run()
    assert not app.exception
    downloads = [button.proto.label for button in app.get("download_button")]
    assert downloads == ["History as CSV", "Run as JSON"]


def test_what_a_site_is_called_never_becomes_part_of_the_page(page: OpenPage) -> None:
    seen = texts(admin(page, "runs", run=str(add_run())))
    assert "&lt;b&gt;NaN&lt;/b&gt;" in seen
    assert "<b>NaN</b>" not in seen


def test_a_cancelled_run_can_be_resumed(page: OpenPage) -> None:
    run = add_run("cancelled")
    app = admin(page, "runs", run=str(run))
    app.button(key=f"monitor_resume_{run}").click().run()
    assert not app.exception
    assert get_run(run).status == "queued"


def test_a_run_that_does_not_exist_is_said_in_a_sentence(page: OpenPage) -> None:
    assert "run 99 does not exist" in admin(page, "runs", run="99").error[0].value


def test_promoting_needs_a_reason_and_is_written_down(page: OpenPage) -> None:
    make_champion("breast_cancer")
    challenger = make_champion("breast_cancer", promoted=False)
    app = admin(page, "decision", version=str(challenger.id))
    assert "AUC, version 2 minus version 1" in texts(app)
    assert {"Challenger", "Champion", "Difference"} <= set(app.dataframe[0].value.columns)
    promote = next(button for button in app.button if button.label == "Promote")
    promote.click().run()
    assert "needs a reason" in app.error[0].value
    app.text_input(key=f"promote_reason_{challenger.id}").set_value("As good, and newer.")
    next(button for button in app.button if button.label == "Promote").click().run()
    assert not app.exception
    assert "Version 2 is the champion." in app.success[0].value
    serving = champion("breast_cancer")
    assert serving is not None and serving.id == challenger.id
    assert promotions("breast_cancer")[0].by == "Demo admin"
    assert any("promote" in action for action in acts())


def test_a_roll_back_is_confirmed_with_a_reason_and_written_down(page: OpenPage) -> None:
    first = make_champion("breast_cancer")
    make_champion("breast_cancer")
    app = admin(page, "decision")
    app.button(key="roll_back").click().run()
    press_in_dialog(app, "roll_back", "rollback_confirm")
    assert "needs a reason" in app.error[0].value
    app.text_input(key="rollback_reason").set_value("Only a trial.")
    press_in_dialog(app, "roll_back", "rollback_confirm")
    serving = champion("breast_cancer")
    assert serving is not None and serving.id == first.id
    assert "Rolled back: version 1" in app.success[0].value


def test_roll_back_is_offered_only_when_there_is_something_to_go_back_to(page: OpenPage) -> None:
    make_champion("breast_cancer")
    assert "Roll back" not in labels(admin(page, "decision"))
    make_champion("breast_cancer")
    assert has_earlier(promotions("breast_cancer"))
    assert "Roll back" in labels(admin(page, "decision"))


def test_the_audit_log_is_filtered_and_given_as_csv(page: OpenPage) -> None:
    audit.record("promoted", "=cmd", by=None, detail={"reason": "a, b"})
    app = admin(page, "audit")
    app.selectbox(key="audit_action").set_value("promoted").run()
    assert app.dataframe[0].value["To what"].tolist() == ["=cmd"]
    found = audit.entries()
    assert filtered(found, None, None, "reason a") == [found[0]] or filtered(found, "promoted", None, "a, b")
    assert "'=cmd" in audit_csv(filtered(found, "promoted", None, "")).decode()


def test_a_role_is_changed_after_confirmation_and_demo_accounts_stay(page: OpenPage) -> None:
    person = people.register("ann@north.org", "Ann North", "correct horse battery")
    app = admin(page, "people")
    assert "Ann North, ann@north.org" in app.selectbox(key="people_person").options
    app.selectbox(key=f"people_role_{person.id}").set_value(Role.PROVIDER).run()
    app.text_input(key=f"people_site_{person.id}").set_value("North Hospital").run()
    app.button(key="people_change").click().run()
    press_in_dialog(app, "people_change", "people_confirm")
    assert not app.exception
    changed = next(one for one in people.list_people() if one.id == person.id)
    assert (changed.role, changed.site_name) == (Role.PROVIDER, "North Hospital")
    assert "changed a role" in acts()


def test_a_provider_without_a_site_is_refused_in_a_sentence(page: OpenPage) -> None:
    person = people.register("ann@north.org", "Ann North", "correct horse battery")
    app = admin(page, "people")
    app.selectbox(key=f"people_role_{person.id}").set_value(Role.PROVIDER).run()
    app.button(key="people_change").click().run()
    press_in_dialog(app, "people_change", "people_confirm")
    assert "belongs to a site" in app.error[0].value


def test_a_disk_that_is_full_is_said_on_every_section(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.room.SMALLEST_FREE", 2**60)
    assert "is full: " in " ".join(error.value for error in admin(page, "runs").error)


def test_an_app_that_only_watches_says_whose_runs_it_shows(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.runs_notice.watched_app", lambda: 4711)
    assert "Another MedHive app (process 4711)" in admin(page, "overview").info[0].value


def test_a_run_that_is_paused_says_why(page: OpenPage) -> None:
    run = add_run("queued")
    with transaction() as session:
        session.get_one(Run, run).phase = "Paused after round 3: The disk is full."
    assert "Paused after round 3: The disk is full." in texts(admin(page, "runs", run=str(run)))
