"""Registering, signing in by password, demo accounts, roles and sites."""

from pathlib import Path

import pytest

from accounts import passwords, people
from accounts.audit import entries
from accounts.people import (
    AccountError,
    TooManyAttempts,
    UserView,
    change_password,
    create_admin,
    demo_people,
    list_people,
    register,
    set_role,
    verify,
)
from accounts.permissions import Role
from data.database import User, transaction
from settings import get_settings
from tests.accounts.conftest import PASSWORD


def anna() -> UserView:
    return register("Anna@Clinic.org ", " Anna  Berg", PASSWORD)


def test_a_registered_person_signs_in_with_the_password_in_any_case_of_the_address(home: Path) -> None:
    person = anna()
    assert (person.email, person.name, person.role, person.site_id) == ("anna@clinic.org", "Anna Berg", Role.USER, None)
    assert verify("ANNA@clinic.org", PASSWORD) == person


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(home: Path) -> None:
    anna()
    assert verify("anna@clinic.org", "not this password") is None
    assert verify("nobody@clinic.org", PASSWORD) is None


def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anna()
    checked = []
    hasher = passwords._hasher()

    class Counting:
        def verify(self, known: str, given: str) -> bool:
            checked.append(known)
            return hasher.verify(known, given)

        def check_needs_rehash(self, known: str) -> bool:
            return False

    monkeypatch.setattr(passwords, "_hasher", Counting)
    for email in ("anna@clinic.org", "nobody@clinic.org", "admin@demo.medhive"):
        demo_people()
        verify(email, "some wrong password")
    assert len(checked) == 3


def test_the_password_itself_is_nowhere_in_the_database(home: Path) -> None:
    anna()
    with transaction() as session:
        assert session.query(User.password_hash).one()[0].startswith("$argon2id$")
    assert PASSWORD.encode() not in (home / "medhive.db").read_bytes()


@pytest.mark.parametrize(
    ("email", "name", "password", "says"),
    [
        ("anna", "Anna", PASSWORD, "name@hospital.org"),
        ("anna@b@c.org", "Anna", PASSWORD, "name@hospital.org"),
        ("<b>@clinic.org", "Anna", PASSWORD, "name@hospital.org"),
        ("anna@clinic.org", " ", PASSWORD, "The name has 1 to 120 letters"),
        ("anna@clinic.org", "Anna" * 31, PASSWORD, "The name has 1 to 120 letters"),
        ("anna@clinic.org", "[Anna](https://evil.org)", PASSWORD, "The name has 1 to 120 letters"),
        ("anna@clinic.org", "<script>", PASSWORD, "The name has 1 to 120 letters"),
        ("anna@clinic.org", "Anna", "short", "has 5 characters; it needs at least 10"),
        ("anna@clinic.org", "Anna", "aaaaaaaaaaaa", "too easy"),
        ("anna@clinic.org", "Anna", "anna@clinic.org", "too easy"),
        ("anna@clinic.org", "Anna", "x1y2" * 100, "200 are the most"),
    ],
)
def test_a_faulty_registration_says_what_would_be_right(
    home: Path, email: str, name: str, password: str, says: str
) -> None:
    with pytest.raises(AccountError, match=says):
        register(email, name, password)
    assert list_people() == []


def test_names_of_people_and_sites_from_anywhere_are_taken(home: Path) -> None:
    for number, name in enumerate(("Zoë D'Arcy-Müller", "Nguyễn Văn An", "李明", "Dr. J. R. (Bob) O’Neil, MD", "A")):
        site = "Hôpital St. Éloi / Unité 2 & Partners"
        person = register(f"p{number}@clinic.org", name, PASSWORD, Role.PROVIDER, site)
        assert (person.name, person.site_name) == (name, site)


@pytest.mark.parametrize("site", ["X", "**St. Mary's**", "<img src=x>", "a" * 121, "St.\nMary\x00"])
def test_a_faulty_name_of_a_site_is_refused(home: Path, site: str) -> None:
    with pytest.raises(AccountError, match="name of a site"):
        register("p@clinic.org", "P", PASSWORD, Role.PROVIDER, site)


def test_an_address_registers_once(home: Path) -> None:
    anna()
    with pytest.raises(AccountError, match="cannot be registered"):
        register("anna@clinic.org", "Another", PASSWORD)
    assert [person.name for person in list_people()] == ["Anna Berg"]


def test_five_failures_make_an_address_wait_whether_it_has_an_account_or_not(home: Path) -> None:
    anna()
    for email in ("anna@clinic.org", "nobody@clinic.org"):
        for _ in range(5):
            assert verify(email, "wrong wrong wrong") is None
        with pytest.raises(TooManyAttempts, match="try again in 5 min"):
            verify(email, PASSWORD)
    assert register("ben@clinic.org", "Ben", PASSWORD) == verify("ben@clinic.org", PASSWORD)


def test_in_demo_mode_every_role_but_admin_may_be_chosen(home: Path) -> None:
    assert register("p@clinic.org", "P", PASSWORD, Role.PROVIDER, "St. Mary's").site_name == "St. Mary's"
    assert register("c@clinic.org", "C", PASSWORD, Role.CONTRIBUTOR).role is Role.CONTRIBUTOR
    for role in (Role.ADMIN, Role.VISITOR):
        with pytest.raises(AccountError, match="cannot be chosen"):
            register("a@clinic.org", "A", PASSWORD, role)


def test_a_data_provider_names_a_site(home: Path) -> None:
    with pytest.raises(AccountError, match="name your hospital"):
        register("p@clinic.org", "P", PASSWORD, Role.PROVIDER, "  ")


def test_a_person_who_is_no_data_provider_joins_no_site(home: Path) -> None:
    assert register("u@clinic.org", "U", PASSWORD, Role.USER, "St. Mary's").site_id is None


def test_outside_demo_mode_everybody_registers_as_user_without_site(no_demo: Path) -> None:
    assert register("u@clinic.org", "U", PASSWORD, Role.USER, "St. Mary's").site_id is None
    for role in (Role.PROVIDER, Role.CONTRIBUTOR, Role.ADMIN):
        with pytest.raises(AccountError, match="an admin gives it"):
            register("p@clinic.org", "P", PASSWORD, role, "St. Mary's")


def test_demo_people_are_one_a_role_made_once_and_without_password(home: Path) -> None:
    people_then = demo_people()
    assert [person.role for person in people_then] == [Role.ADMIN, Role.PROVIDER, Role.CONTRIBUTOR, Role.USER]
    assert people_then[1].site_name == people.DEMO_SITE
    assert demo_people() == people_then
    assert verify(people_then[0].email, passwords.NO_PASSWORD) is None


def test_outside_demo_mode_demo_people_are_neither_listed_nor_let_in(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_admin = demo_people()[0]
    with transaction() as session:  # even if somebody had given it a password
        session.get_one(User, demo_admin.id).password_hash = passwords.hash_password(PASSWORD)
    assert verify(demo_admin.email, PASSWORD) is not None
    monkeypatch.setenv("MEDHIVE_DEMO", "0")
    get_settings.cache_clear()
    assert demo_people() == [] and list_people() == []
    assert verify(demo_admin.email, PASSWORD) is None
    person = anna()
    with pytest.raises(AccountError, match="Only an admin"):
        set_role(person.id, Role.ADMIN, by=demo_admin.id)


def test_an_admin_raises_a_role_assigns_the_site_and_it_is_written_down(no_demo: Path) -> None:
    admin, person = create_admin("boss@clinic.org", "Boss", PASSWORD), anna()
    changed = set_role(person.id, Role.PROVIDER, by=admin.id, site_name="St. Mary's")
    assert (changed.role, changed.site_name) == (Role.PROVIDER, "St. Mary's")
    newest = entries(1)[0]
    assert (newest.user_name, newest.action, newest.subject) == ("Boss", "changed a role", "anna@clinic.org")
    assert newest.detail == {"from": "user", "to": "data provider", "site": "St. Mary's"}


def test_only_an_admin_changes_roles(no_demo: Path) -> None:
    person = anna()
    with pytest.raises(AccountError, match="Only an admin"):
        set_role(person.id, Role.ADMIN, by=person.id)


def test_the_last_admin_stays_admin(no_demo: Path) -> None:
    admin = create_admin("boss@clinic.org", "Boss", PASSWORD)
    with pytest.raises(AccountError, match="last admin"):
        set_role(admin.id, Role.USER, by=admin.id)
    other = create_admin("second@clinic.org", "Second", PASSWORD)
    assert set_role(admin.id, Role.USER, by=other.id).role is Role.USER


def test_a_data_provider_without_site_cannot_be_made(no_demo: Path) -> None:
    admin, person = create_admin("boss@clinic.org", "Boss", PASSWORD), anna()
    with pytest.raises(AccountError, match="name the site"):
        set_role(person.id, Role.PROVIDER, by=admin.id)
    assert [p.role for p in list_people() if p.id == person.id] == [Role.USER]


def test_a_changed_password_replaces_the_old_one(home: Path) -> None:
    person = anna()
    with pytest.raises(AccountError, match="present password is not right"):
        change_password(person.id, "not my password", "a new long password")
    change_password(person.id, PASSWORD, "a new long password")
    assert verify(person.email, PASSWORD) is None
    assert verify(person.email, "a new long password") is not None


def test_an_unknown_role_in_the_database_may_do_nothing_more_than_a_visitor(home: Path) -> None:
    person = anna()
    with transaction() as session:
        session.get_one(User, person.id).role = "emperor"
    assert list_people()[0].role is Role.VISITOR
