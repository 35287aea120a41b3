"""The permission table: default deny, and nobody below may do more than somebody above."""

import pytest

from accounts.permissions import ALLOWED, Action, Role, allowed


@pytest.mark.parametrize("action", list(Action))
def test_an_unknown_role_may_do_nothing(action: Action) -> None:
    assert not allowed("emperor", action)
    assert not allowed("", action)


def test_every_role_is_in_the_table() -> None:
    assert set(ALLOWED) == set(Role)


def test_a_visitor_sees_home_companion_and_model_hive_and_nothing_else() -> None:
    assert ALLOWED[Role.VISITOR] == {Action.VIEW_HOME, Action.ASK_COMPANION, Action.VIEW_HIVE, Action.PREDICT}


def test_only_an_admin_starts_cancels_promotes_reads_the_audit_log_and_manages_people() -> None:
    for action in (Action.START_RUN, Action.CANCEL_RUN, Action.PROMOTE, Action.VIEW_AUDIT, Action.MANAGE_PEOPLE):
        assert [role for role in Role if allowed(role, action)] == [Role.ADMIN]


def test_only_a_data_provider_and_an_admin_contribute_data() -> None:
    assert {role for role in Role if allowed(role, Action.CONTRIBUTE_DATA)} == {Role.PROVIDER, Role.ADMIN}


def test_every_role_may_at_least_what_a_visitor_may() -> None:
    assert all(ALLOWED[Role.VISITOR] <= actions for actions in ALLOWED.values())
