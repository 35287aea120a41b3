"""Pages about real sites: a contributor takes the bundle and sees the machine, an admin lets it in."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from streamlit.testing.v1 import AppTest

from accounts.permissions import Role
from components import admin_sites
from fl.deploy import nodes
from fl.deploy.certificates import ensure_certificates
from fl.deploy.hub import Hub, hub_folder
from fl.deploy.node_key import public_pem
from tests.pages.conftest import OpenPage
from tests.pages.words import texts

OFFER = {"breast_cancer": {"rows": 50, "positives": 20, "synthetic": 0}}


@pytest.fixture
def hub(home: Path) -> Hub:
    ensure_certificates(hub_folder(), "hive.example.org")
    return Hub.made("hive.example.org", 9092)


def asks(name: str) -> nodes.NodeView:
    return nodes.said_hello(name, public_pem(ec.generate_private_key(ec.SECP384R1())), OFFER)


def sites_section(page: OpenPage) -> AppTest:
    return page("admin", Role.ADMIN, query={"section": "sites"})


def test_a_contributor_names_the_organisation_and_is_told_what_to_type(page: OpenPage, hub: Hub) -> None:
    app = page("contribute", Role.CONTRIBUTOR)
    app.text_input(key="contribute_machine_organisation").set_value("City Clinic").run()
    assert not app.exception and not app.file_uploader
    assert "python -m fl deploy site medhive-city-clinic.json" in [code.value for code in app.code]


def test_who_only_gives_a_name_sees_that_its_machine_is_connected_and_not_its_rows(page: OpenPage, hub: Hub) -> None:
    nodes.mark_registered(asks("City Clinic").id, 5, "City Clinic", by=None)
    app = page("contribute", Role.CONTRIBUTOR)
    seen = texts(app.text_input(key="contribute_machine_organisation").set_value("City Clinic").run())
    assert ":material/link: connected" in seen and "50 rows" not in seen


@pytest.mark.slow
def test_a_machine_shows_as_connected_on_the_page_of_its_site(page: OpenPage, hub: Hub) -> None:
    app = page("contribute", Role.PROVIDER)
    from accounts.people import demo_people

    site = next(person.site_name for person in demo_people() if person.role is Role.PROVIDER)
    assert site is not None
    node = asks(site)
    assert "waits for an admin" in texts(app.run())
    nodes.mark_registered(node.id, 5, site, by=None)
    seen = texts(app.run())
    assert "connected" in seen and node.fingerprint in seen and "50 rows for Breast cancer" in seen


def test_without_a_server_the_pages_say_how_to_start_one(page: OpenPage) -> None:
    for app in (page("contribute", Role.CONTRIBUTOR), sites_section(page)):
        assert not app.exception
        assert "python -m fl deploy server" in app.info[0].value


def test_an_admin_registers_a_key_after_comparing_it(
    page: OpenPage,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = asks("City Clinic")
    monkeypatch.setattr(
        admin_sites, "register", lambda node_id, *, site, by: nodes.mark_registered(node_id, 5, site, by=by)
    )
    app = sites_section(page)
    assert node.fingerprint in texts(app) and "compare all 32 digits" in texts(app)
    app.button(key=f"sites_register_{node.id}").click().run()
    assert not app.exception
    assert "City Clinic may connect now." in app.success[0].value
    assert nodes.nodes()[0].connected


def test_a_superlink_that_is_away_is_said_and_changes_nothing(page: OpenPage, hub: Hub) -> None:
    node = asks("City Clinic")
    app = sites_section(page)
    app.button(key=f"sites_register_{node.id}").click().run()
    assert "cannot be reached" in app.error[0].value
    assert nodes.nodes()[0].state == "waiting"
