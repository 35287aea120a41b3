"""How many wrong updates a selection rule withstands, when nobody has said how many there are.

Krum needs 2f + 3 updates to withstand f wrong ones, Bulyan 4f + 3. A number that the person gives is taken as it is.
"""


def bearable(updates: int, each: int) -> int:
    """Return the largest f with ``each`` · f + 3 ≤ ``updates``, at least 0."""
    return max(0, (updates - 3) // each)
