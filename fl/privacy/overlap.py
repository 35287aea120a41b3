"""Whether sites hold the same patients, told from salted hashes, so that nobody has to show a row."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence

from data.near_duplicates import nearly_the_same
from data.table import Dataset


def overlap(sites: Sequence[Dataset]) -> float:
    """Return the share of rows that more than one site holds, by hashes under a salt that is thrown away afterwards."""
    salt = secrets.token_bytes(32)
    held = [{hashlib.blake2b(each, key=salt).digest() for each in rows.row_hashes} for rows in sites]
    times = Counter(digest for own in held for digest in own)
    return sum(count for count in times.values() if count > 1) / max(1, sum(times.values()))


def near_overlap(sites: Sequence[Dataset]) -> float:
    """Return the share of texts, as (n, t) tokens, that are nearly the same as a text of another site."""
    texts = [" ".join(map(str, row[row > 0].astype(int).tolist())) for rows in sites for row in rows.x]
    where = [place for place, rows in enumerate(sites) for _ in range(len(rows))]
    near = {row for pair in nearly_the_same(texts) if where[pair[0]] != where[pair[1]] for row in pair}
    return len(near) / max(1, len(texts))
