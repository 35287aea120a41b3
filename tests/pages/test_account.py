"""The account page in every role."""

import pytest

from accounts.permissions import Role
from tests.pages.conftest import OpenPage


@pytest.mark.parametrize("role", list(Role))
def test_the_account_page_opens_in_every_role(page: OpenPage, role: Role) -> None:
    app = page("account", role)
    assert not app.exception
