"""The audit log."""

from pathlib import Path

import pytest

from accounts import audit
from accounts.people import demo_people
from data.database import transaction


def test_entries_come_newest_first_and_by_kind(home: Path) -> None:
    admin = demo_people()[0]
    audit.record("promoted a model", "vitals version 2", by=admin.id, detail={"reason": "better"})
    audit.record("cancelled a run", "run 3", by=None)
    assert [(e.user_name, e.subject) for e in audit.entries()] == [
        ("MedHive", "run 3"),
        (admin.name, "vitals version 2"),
    ]
    assert [e.detail for e in audit.entries(action="promoted a model")] == [{"reason": "better"}]
    assert len(audit.entries(limit=1)) == 1


def test_an_act_that_is_rolled_back_leaves_no_entry(home: Path) -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        audit.record("promoted a model", "vitals version 2", by=None, session=session)
        raise RuntimeError
    assert audit.entries() == []
