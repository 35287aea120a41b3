"""What a site joins with: certificates, its own key, a bundle without a secret."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from fl.deploy.bundle import Bundle, BundleError
from fl.deploy.certificates import ensure_certificates
from fl.deploy.hub import Hub, HubError, hub_folder
from fl.deploy.node_key import NodeKeyError, own_key, public_pem, sign, signed_by


@pytest.fixture
def hub(home: Path) -> Hub:
    ensure_certificates(hub_folder(), "hive.example.org")
    return Hub.made("hive.example.org", 9092)


def test_the_authority_vouches_for_the_server_under_the_name_that_sites_use(hub: Hub) -> None:
    authority = x509.load_pem_x509_certificate((hub_folder() / "ca.crt").read_bytes())
    server = x509.load_pem_x509_certificate((hub_folder() / "server.crt").read_bytes())
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hive.example.org", "localhost"]
    ssl.create_default_context(cadata=hub.certificate.decode())


def test_keys_are_readable_for_their_owner_only(hub: Hub) -> None:
    own_key()
    keys = sorted(hub_folder().glob("*.key"))
    assert [path.name for path in keys] == ["ca.key", "server.key", "site.key"]
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_starting_again_keeps_the_certificates_and_another_host_renews_only_the_servers(hub: Hub) -> None:
    folder = hub_folder()
    before = {path.name: path.read_bytes() for path in folder.glob("*.crt")}
    ensure_certificates(folder, "hive.example.org")
    assert {path.name: path.read_bytes() for path in folder.glob("*.crt")} == before
    ensure_certificates(folder, "10.0.0.7")
    assert (folder / "ca.crt").read_bytes() == before["ca.crt"]
    assert (folder / "server.crt").read_bytes() != before["server.crt"]


def test_a_bundle_survives_its_file_and_holds_no_secret(hub: Hub, tmp_path: Path) -> None:
    bundle = Bundle.of("St. Mary's  Hospital", hub)
    path = tmp_path / bundle.filename
    path.write_text(bundle.to_json())
    assert Bundle.read(path) == replace(bundle, site="St. Mary's Hospital")
    assert path.name == "medhive-st-mary-s-hospital.json"
    assert "PRIVATE" not in path.read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is no bundle"), ("[]", "is no bundle"), ('{"kind": "MedHive site, 1", "site": "x"}', "lacks address")],
)
def test_another_file_is_refused_with_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(content)
    with pytest.raises(BundleError, match=said):
        Bundle.read(path)


def test_the_site_keeps_its_key_and_signs_with_it(home: Path) -> None:
    key = own_key()
    assert public_pem(own_key()) == public_pem(key)
    assert signed_by(public_pem(key), b"content", sign(key, b"content"))
    assert not signed_by(public_pem(key), b"other", sign(key, b"content"))


def test_a_key_that_others_can_read_is_not_used(home: Path) -> None:
    own_key()
    (home / "deploy" / "site.key").chmod(0o644)
    with pytest.raises(NodeKeyError, match="chmod 600"):
        own_key()


def test_an_address_that_is_none_is_refused(home: Path) -> None:
    with pytest.raises(HubError, match="no host name"):
        Hub.made("https://hive", 9092)
