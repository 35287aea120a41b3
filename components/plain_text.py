"""Text that somebody typed, such as a file name, made safe to stand inside Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>:$~])")


def plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it letter by letter: no link, image, symbol or emphasis comes of it."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
