"""The Contribute page, in every role."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from accounts import audit
from accounts.permissions import Role
from data.database import Run, RunSite, Site, now, transaction
from data.intake.table import template_csv, to_csv
from data.intake.texts import to_json_lines
from data.vault import load, receipts
from models.registry import get_task
from tests.pages.conftest import OpenPage

TASK = get_task("vitals")
GOOD = to_csv(TASK.generate(40, seed=3), TASK.schema)


def texts(app: AppTest) -> str:
    kinds = (
        app.title,
        app.header,
        app.subheader,
        app.markdown,
        app.caption,
        app.info,
        app.success,
        app.error,
        app.warning,
    )
    return "\n".join(element.value for kind in kinds for element in kind)


def states(app: AppTest) -> list[str]:
    line = next(element.proto.body for element in app.get("html") if 'aria-label="Steps"' in element.proto.body)
    return [part.split("</small>")[0] for part in line.split("<small>· ")[1:]]


def choose(app: AppTest, raw: bytes, name: str = "ward.csv", task: str = "vitals") -> AppTest:
    app.selectbox(key="contribute_task").set_value(task).run()
    return app.file_uploader[0].set_value((name, raw, "text/csv")).run()


def give(app: AppTest) -> AppTest:
    choose(app, GOOD)
    return app.button(key="contribute_confirm").click().run()


@pytest.fixture
def provider(page: OpenPage) -> AppTest:
    return page("contribute", Role.PROVIDER)


@pytest.mark.parametrize("role", [Role.VISITOR, Role.USER])
def test_who_may_not_contribute_gets_a_sentence_and_no_form(page: OpenPage, role: Role) -> None:
    app = page("contribute", role)
    assert not app.exception
    assert "contribute data" in texts(app)
    assert not app.file_uploader and not app.selectbox


def test_an_admin_without_a_site_is_told_what_to_do(page: OpenPage) -> None:
    app = page("contribute", Role.ADMIN)
    assert not app.exception
    assert "this account belongs to none" in texts(app)
    assert not app.file_uploader


def test_a_provider_sees_four_steps_the_promise_and_empty_lists(provider: AppTest) -> None:
    assert not provider.exception
    assert states(provider) == ["now", "later", "later", "later"]
    seen = texts(provider)
    for part in (
        "1. Task",
        "2. File",
        "3. Check",
        "4. Confirm",
        "encrypted",
        "withdraw at any time",
        "My contributions",
    ):
        assert part in seen
    assert "No run with your site has finished yet" in seen


def test_choosing_a_task_opens_the_file_step_with_template_and_sample(provider: AppTest) -> None:
    app = provider.selectbox(key="contribute_task").set_value("heart_disease").run()
    assert not app.exception
    assert states(app) == ["done", "now", "later", "later"]
    assert [button.label for button in app.get("download_button")] == ["Download a template", "Download a sample"]
    assert "no patient is behind them" in texts(app)


def test_a_wrong_value_is_named_by_row_column_value_and_rule_and_nothing_is_stored(provider: AppTest) -> None:
    lines = GOOD.decode().splitlines()
    cells = lines[17].split(",")
    cells[3] = "85"
    app = choose(provider, "\n".join([*lines[:17], ",".join(cells), *lines[18:]]).encode())
    assert not app.exception
    assert states(app) == ["done", "done", "needs attention", "later"]
    table = next(table.value for table in app.table if "Rule" in table.value.columns)
    assert table.iloc[0]["Row"] == "17"
    assert (table.iloc[0]["Column"], table.iloc[0]["Value"]) == ("spo2", "85")
    assert "90 to 100 %" in table.iloc[0]["Rule"]
    assert receipts() == []
    assert "Download the problems" in [button.label for button in app.get("download_button")]


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\x01\xff", template_csv(TASK.schema), b"a,b\n1,2\n", "ä;ö\n".encode("utf-16")]
)
def test_a_hopeless_file_becomes_a_problem_not_a_crash(provider: AppTest, raw: bytes) -> None:
    app = choose(provider, raw)
    assert not app.exception
    assert states(app)[2] == "needs attention"


def test_confirmed_rows_lie_in_the_vault_with_a_receipt_and_an_audit_entry(provider: AppTest) -> None:
    app = choose(provider, GOOD)
    assert states(app) == ["done", "done", "done", "now"]
    assert receipts() == []
    app.button(key="contribute_confirm").click().run()
    assert not app.exception
    assert states(app) == ["done", "done", "done", "done"]
    (receipt,) = receipts()
    assert (receipt.rows, receipt.filename, receipt.synthetic) == (40, "ward.csv", True)
    assert load(receipt.dataset_id).fingerprint == TASK.generate(40, seed=3).fingerprint
    seen = texts(app)
    assert "40 rows of ward.csv are in the vault" in seen
    assert app.code[0].value == receipt.sha256
    assert [entry.action for entry in audit.entries(action="contribute data")] == ["contribute data"]


def test_rows_that_mark_themselves_as_synthetic_cannot_be_passed_off_as_patients(provider: AppTest) -> None:
    app = choose(provider, GOOD)
    assert app.checkbox[0].value and app.checkbox[0].disabled


def test_a_provider_may_declare_rows_synthetic(provider: AppTest) -> None:
    unmarked = to_csv(TASK.generate(40, seed=3), TASK.schema).decode().splitlines()
    raw = "\n".join(line.rsplit(",", 1)[0] for line in unmarked).encode()
    app = choose(provider, raw)
    assert not app.checkbox[0].value
    app.checkbox[0].check().run()
    app.button(key="contribute_confirm").click().run()
    assert receipts()[0].synthetic


def test_the_same_file_twice_is_refused_with_a_sentence(provider: AppTest) -> None:
    app = give(provider)
    choose(app, GOOD)
    app.button(key="contribute_confirm").click().run()
    assert not app.exception
    assert "its rows would count twice" in texts(app)
    assert len(receipts()) == 1


def test_withdrawing_asks_first_then_deletes_the_rows_and_keeps_the_receipt(provider: AppTest, home: Path) -> None:
    app = give(provider)
    (receipt,) = receipts()
    app.button(key=f"contribute_withdraw_{receipt.dataset_id}").click().run()
    assert len(receipts()) == 1
    app.button(key=f"contribute_confirm_{receipt.dataset_id}").click().run()
    assert not app.exception
    assert receipts() == []
    assert receipts(withdrawn=True)[0].withdrawn_at is not None
    assert not [path for path in (home / "vault").rglob("*") if path.is_file()]
    assert "is withdrawn" in texts(app)
    assert audit.entries(action="withdraw data")


def test_another_sites_contribution_is_not_shown(provider: AppTest) -> None:
    from data.sites import ensure_site
    from data.vault import store

    with transaction() as session:
        other = ensure_site(session, "Another hospital").id
    store(TASK.generate(9), task="vitals", site_id=other, filename="theirs.csv", file_sha256="0" * 64, by=None)
    app = provider.run()
    assert "theirs.csv" not in texts(app)


def finished_run(site_id: int, dataset: int, benefit: dict[str, Any], status: str = "done") -> int:
    from fl.request import RunRequest

    request = RunRequest(task="vitals", sites=0, datasets=(dataset,), rounds=1)
    with transaction() as session:
        run = Run(task="vitals", request=request.to_json(), status=status, rounds=1, round=1, started_at=now())
        run.finished_at = now() if status == "done" else None
        session.add(run)
        session.flush()
        session.add(
            RunSite(
                run_id=run.id, position=0, name="x", site_id=site_id, dataset_ids=[dataset], samples=40, benefit=benefit
            )
        )
        return run.id


def test_the_benefit_of_the_own_site_is_said_drawn_and_listed_with_the_runs_that_used_its_data(
    provider: AppTest,
) -> None:
    app = give(provider)
    dataset = receipts()[0].dataset_id
    with transaction() as session:
        site_id = session.query(Site).filter(Site.name == receipts()[0].site).one().id
    scores = {
        kind: {"auc": {"value": value, "low": value - 0.02, "high": value + 0.01}}
        for kind, value in (("local", 0.91), ("federated", 0.95), ("pooled", 0.96))
    }
    run = finished_run(site_id, dataset, scores)
    app.run()
    assert not app.exception
    seen = texts(app)
    assert f"Run {run}: the federated model reaches AUC 0.950, 0.040 more than your site alone (0.910)." in seen
    assert f"Used in run {run}." in seen
    assert any("Federated" in frame.value.columns for frame in app.dataframe)


def test_a_site_that_could_not_train_alone_is_told_so(provider: AppTest) -> None:
    app = give(provider)
    dataset = receipts()[0].dataset_id
    with transaction() as session:
        site_id = session.query(Site).filter(Site.name == receipts()[0].site).one().id
    finished_run(site_id, dataset, {"federated": {"auc": {"value": 0.9, "low": None, "high": None}}, "local": {}})
    app.run()
    assert not app.exception
    assert "could not train a model" in texts(app)


def test_a_running_run_with_the_own_site_is_shown_live(provider: AppTest) -> None:
    app = give(provider)
    dataset = receipts()[0].dataset_id
    with transaction() as session:
        site_id = session.query(Site).filter(Site.name == receipts()[0].site).one().id
    run = finished_run(site_id, dataset, {}, status="running")
    app.run()
    assert not app.exception
    assert f"Run {run}, Vital signs" in texts(app)
    app.button(key="contribute_hide").click().run()
    assert f"Run {run}, Vital signs" not in texts(app)


def test_questions_and_answers_are_checked_by_record_and_shown_as_they_were_read(provider: AppTest) -> None:
    asked = get_task("medical_qa")
    raw = to_json_lines(asked.generate(20, seed=3))
    app = choose(provider, raw, "leaflets.jsonl", "medical_qa")
    assert not app.exception
    assert len(app.dataframe[0].value) > 0
    assert "contribute_confirm" in {button.key for button in app.button}
    app = choose(provider, b'{"question": "What is gout?"}\n', "leaflets.jsonl", "medical_qa")
    assert not app.exception
    assert "leaflets.jsonl has" in texts(app)
