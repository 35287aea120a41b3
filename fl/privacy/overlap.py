"""Whether sites hold the same patients, told from salted hashes, so that nobody has to show a row."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence

from data.table import Dataset


def overlap(sites: Sequence[Dataset]) -> float:
    """Return the share of rows that more than one site holds, by hashes under a salt that is thrown away afterwards."""
    salt = secrets.token_bytes(32)
    held = [{hashlib.blake2b(each, key=salt).digest() for each in rows.row_hashes} for rows in sites]
    times = Counter(digest for own in held for digest in own)
    return sum(count for count in times.values() if count > 1) / max(1, sum(times.values()))
