"""The certificates that sites know their server by: an authority of this installation, and the server's own.

Sites are given the authority's certificate once, with the bundle; the server's own is renewed without telling them.
"""

import ipaddress
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from data.database import now
from data.whole_file import write_whole

AUTHORITY_YEARS = 10
SERVER_DAYS = 365
RENEW_DAYS = 30  # before its end a certificate is made anew
_LOCAL = ("localhost", "127.0.0.1")  # by which this machine's own processes reach the server


def ensure_certificates(folder: Path, host: str) -> None:
    """Make what is missing, too old or made for another host: ``ca.crt``, ``ca.key``, ``server.crt``, ``server.key``.

    Parameters
    ----------
    folder : where they lie; the keys are readable for their owner only.
    host : name or IP address by which sites reach the server.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "ca.key").exists() or not (folder / "ca.crt").exists():
        _make_authority(folder, host)
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    server = folder / "server.crt"
    if not server.exists() or not _serves(x509.load_pem_x509_certificate(server.read_bytes()), authority, host):
        _make_server(folder, authority, host)


def _serves(certificate: x509.Certificate, authority: x509.Certificate, host: str) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    fresh = certificate.not_valid_after_utc - now() > timedelta(days=RENEW_DAYS)
    return fresh and certificate.issuer == authority.subject and set(names) == set(_names(host))


def _make_authority(folder: Path, host: str) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"MedHive authority of {host}"[:64])])
    certificate = (
        _builder(name, name, key.public_key(), timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA384())
    )
    _write(folder, "ca", key, certificate)


def _make_server(folder: Path, authority: x509.Certificate, host: str) -> None:
    signing = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)  # we wrote it
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    certificate = (
        _builder(name, authority.subject, key.public_key(), timedelta(days=SERVER_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA384())
    )
    _write(folder, "server", key, certificate)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(hours=1))  # clocks differ
        .not_valid_after(now() + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _names(host: str) -> list[x509.GeneralName]:
    return [_name(each) for each in dict.fromkeys((host, *_LOCAL))]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write the key before its certificate, whose being there says that both are."""
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_whole(folder / f"{name}.key", private, mode=0o600)
    write_whole(folder / f"{name}.crt", certificate.public_bytes(pem))
