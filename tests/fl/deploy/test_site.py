"""What a site answers, and what it does not."""

from dataclasses import replace
from pathlib import Path

import pytest
from flwr.app import ConfigRecord, Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from data import vault
from data.database import transaction
from data.sites import ensure_site
from fl.assignment import forget
from fl.client_app import app
from fl.deploy.site import own_offers, reply_to
from fl.request import RunRequest
from fl.sites import rows_of
from fl.watcher import Stop

NUMBER = 17
ASKED = RunRequest("breast_cancer", sites=0, executor="deployed", nodes=(4, NUMBER))


def ask(request: RunRequest) -> Message:
    return ask_plainly(request.plan)


def ask_plainly(plan: str) -> Message:
    TaskIdentity.run_id = TaskIdentity.node_id = TaskIdentity.task_id = 1  # of the server, which makes the message
    content = RecordDict({"config": ConfigRecord({"plan": plan})})
    message = Message(content, dst_node_id=NUMBER, message_type="query.medians")
    try:
        return reply_to(message, NUMBER, app, Stop())
    finally:
        forget()


@pytest.fixture
def rows(home: Path) -> int:
    given = rows_of(RunRequest("breast_cancer", sites=3), 1).rows
    with transaction() as session:
        site_id = ensure_site(session, "This site").id
    vault.store(given, task="breast_cancer", site_id=site_id, filename="a", file_sha256="a", by=None)
    return len(given)


def test_a_site_answers_from_its_own_vault(rows: int) -> None:
    reply = ask(ASKED)
    metrics = reply.content.metric_records["metrics"]
    assert (metrics["num-examples"], metrics["left-out"]) == (rows, 0)
    assert own_offers()["breast_cancer"]["rows"] == rows


def test_a_site_without_rows_says_how_to_add_some(home: Path) -> None:
    assert "add-data" in ask(ASKED).error.reason


def test_a_site_answers_no_run_that_does_not_name_it(rows: int) -> None:
    assert ask(replace(ASKED, nodes=(4,))).error.reason == "this site takes no part in that run"


def test_a_site_answers_no_run_of_another_kind(rows: int) -> None:
    request = RunRequest("breast_cancer", sites=0, datasets=(1,), executor="in-process", nodes=(NUMBER,))
    assert ask(request).error.reason == "this site answers only to runs on real sites"


def test_a_message_that_is_no_request_is_refused(rows: int) -> None:
    assert ask_plainly("nonsense").has_error()
