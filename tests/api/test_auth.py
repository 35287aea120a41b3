"""The addresses that set the session cookie and take it away."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from accounts import people, sessions
from accounts.permissions import Role
from data.database import EnterCode, now, transaction
from tests.api.conftest import Visit


def code() -> str:
    return sessions.issue_code(people.demo_people()[0].id)


def test_a_code_sets_an_http_only_cookie_and_goes_on_to_the_page(visit: Visit) -> None:
    response = visit().get("/auth/enter", params={"code": code(), "next": "admin"})
    assert (response.status_code, response.headers["location"]) == (303, "/admin")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie and "Path=/" in cookie
    value = re.search(r"medhive_session=([^;]+)", cookie)
    person = sessions.person_of(value[1] if value else None)
    assert person is not None and person.role is Role.ADMIN


def test_over_https_the_cookie_is_for_https_only(visit: Visit) -> None:
    client = visit()
    client.base_url = "https://testserver"
    assert "Secure" in client.get("/auth/enter", params={"code": code()}).headers["set-cookie"]


@pytest.mark.parametrize(
    "wanted", ["https://evil.org", "//evil.org", "/admin", "..", "a/b", "javascript:x", "ADMIN", ""]
)
def test_it_never_goes_on_to_anything_but_a_page_of_ours(visit: Visit, wanted: str) -> None:
    response = visit().get("/auth/enter", params={"code": code(), "next": wanted})
    assert response.headers["location"] == "/"


def test_a_used_old_or_invented_code_sets_no_cookie_and_says_so_on_the_account_page(visit: Visit) -> None:
    used, old = code(), code()
    client = visit()
    client.get("/auth/enter", params={"code": used})
    with transaction() as session:
        session.execute(update(EnterCode).values(expires_at=now() - timedelta(seconds=1)))
    for given in (used, old, "invented", ""):
        response = visit().get("/auth/enter", params={"code": given})
        assert response.headers["location"] == "/account?expired=1"
        assert "set-cookie" not in response.headers


def test_signing_in_again_ends_the_session_before(visit: Visit) -> None:
    client = visit(Role.USER)
    before = client.cookies[sessions.COOKIE]
    client.get("/auth/enter", params={"code": code()})
    assert sessions.person_of(before) is None


def test_leaving_revokes_the_session_and_takes_the_cookie_away(visit: Visit) -> None:
    client = visit(Role.USER)
    cookie = client.cookies[sessions.COOKIE]
    response = client.get("/auth/leave")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert sessions.person_of(cookie) is None


def test_another_web_site_can_sign_nobody_in_or_out(visit: Visit) -> None:
    client = visit(Role.USER)
    cookie = client.cookies[sessions.COOKIE]
    for address in ("/auth/leave", f"/auth/enter?code={code()}"):
        response = client.get(address, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403 and "set-cookie" not in response.headers
    assert sessions.person_of(cookie) is not None
