"""Auditing a run from its Privacy tab: who is offered it, what is shown meanwhile, and that it can be cancelled."""

import pytest
from sqlalchemy import update

from accounts.permissions import Role
from data.database import ModelVersion, transaction
from fl.privacy import audit_job
from fl.privacy.audit_job import Going
from tests.components.runs_in_database import add_run
from tests.pages.champions import make_champion
from tests.pages.conftest import OpenPage
from tests.pages.words import texts


def run_with_a_model() -> int:
    run = add_run()
    version = make_champion("breast_cancer")
    with transaction() as session:
        session.execute(update(ModelVersion).where(ModelVersion.id == version.id).values(run_id=run))
    return run


def test_an_admin_starts_an_audit_and_may_cancel_it(page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_with_a_model()
    acts: list[str] = []
    going = Going(12.0, "training 32 copies of the run to attack it with")
    monkeypatch.setattr(audit_job, "state", lambda _: going if acts[-1:] == ["start"] else None)
    monkeypatch.setattr(audit_job, "start", lambda _: acts.append("start"))
    monkeypatch.setattr(audit_job, "cancel", lambda _: acts.append("cancel"))
    app = page("admin", Role.ADMIN, query={"section": "runs", "run": str(run)}, timeout=60)
    app.button(key=f"run_audit_{run}").click().run()
    assert "Training 32 copies of the run to attack it with · 12 s" in texts(app)
    app.button(key=f"run_audit_cancel_{run}").click().run()
    assert acts == ["start", "cancel"]
    assert "Not audited yet." in texts(app)


def test_why_an_audit_failed_is_said_and_it_can_be_started_again(
    page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_a_model()
    monkeypatch.setattr(audit_job, "state", lambda _: Going(3.0, "its rows are not here.", ended=True))
    app = page("admin", Role.ADMIN, query={"section": "runs", "run": str(run)}, timeout=60)
    assert [warning.value for warning in app.warning] == ["its rows are not here."]
    assert app.button(key=f"run_audit_{run}").label == "Audit this run"


def test_a_run_without_a_model_offers_no_audit(page: OpenPage) -> None:
    run = add_run("failed")
    app = page("admin", Role.ADMIN, query={"section": "runs", "run": str(run)}, timeout=60)
    assert not any("Audit" in button.label for button in app.button)
