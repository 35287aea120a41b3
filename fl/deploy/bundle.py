"""What a site is given to join with: the server's address and the certificate to know it by. None of it is secret."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cryptography import x509

from fl.deploy.hub import Hub

KIND = "MedHive site, 1"


class BundleError(ValueError):
    """The file is no bundle; the message is a sentence."""


@dataclass(frozen=True)
class Bundle:
    """One file for one site.

    Parameters
    ----------
    site : name of the organisation.
    address : ``host:port`` of the server.
    certificate : PEM of the authority that vouches for the server.
    """

    site: str
    address: str
    certificate: str

    @classmethod
    def of(cls, site: str, hub: Hub) -> "Bundle":
        """Return the bundle with which ``site`` joins ``hub``."""
        return cls(" ".join(site.split()), hub.address, hub.certificate.decode())

    @property
    def filename(self) -> str:
        """A name for the file: letters, digits and dashes."""
        words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in self.site).split()
        return f"medhive-{'-'.join(words).lower()[:60] or 'site'}.json"

    def to_json(self) -> str:
        """Return the content of the file."""
        return json.dumps({"kind": KIND, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Bundle":
        """Return the bundle in a file.

        Raises
        ------
        BundleError
            When it cannot be read or is something else.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {error.strerror}.") from None
        except ValueError:
            raise BundleError(f"{path} is no bundle: download it anew from the Contribute page.") from None
        names = [each.name for each in fields(cls)]
        if not isinstance(document, dict) or document.get("kind") != KIND:
            raise BundleError(f"{path} is no bundle of this version: download it anew from the Contribute page.")
        values = {name: document[name] for name in names if isinstance(document.get(name), str) and document[name]}
        if missing := [name for name in names if name not in values]:
            raise BundleError(f"{path} lacks {missing[0]}: download it anew from the Contribute page.")
        bundle = cls(**values)
        try:
            x509.load_pem_x509_certificate(bundle.certificate.encode())
        except ValueError:
            raise BundleError(f"{path} holds no usable certificate: download it anew.") from None
        return bundle
