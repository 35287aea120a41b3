"""Which nodes of the graph a text speaks of: by name and alias, longest first, and by meaning."""

import re
from functools import lru_cache

from rag.graph.read import Knowledge, Node, knowledge

_SHORT = 2  # an abbreviation of two letters, such as PE or MS, counts only in capitals


def nodes_named(text: str) -> tuple[str, ...]:
    """Return the nodes that ``text`` names, in its order, each once.

    Names and aliases match whatever their case, hyphens, possessive and plural endings; of overlapping names the
    longest counts ("pulmonary hypertension", not "hypertension").
    """
    names, longest = _names()
    words = re.findall(r"[^\W_]+", plain_marks(text))
    keys = [_singular(word.lower()) for word in words]
    found: dict[str, None] = {}
    place = 0
    while place < len(words):
        for length in range(min(longest, len(words) - place), 0, -1):
            node = names.get(" ".join(keys[place : place + length]))
            if node and _written_out(words[place : place + length]):
                found[node] = None
                place += length - 1
                break
        place += 1
    return tuple(found)


def node_called(name: str) -> Node | None:
    """Return the node whose label, name or alias is ``name``, such as a class of a classifier; None when there is none.

    A label has to match letter by letter, since classifiers use single letters.
    """
    graph = knowledge()
    for node in graph.nodes.values():
        if name in node.labels:
            return node
    found = _names()[0].get(key(name))
    return graph.nodes[found] if found else None


def key(name: str) -> str:
    """Return ``name`` as it is compared: small letters and singular words."""
    return " ".join(_singular(word.lower()) for word in re.findall(r"[^\W_]+", plain_marks(name)))


def plain_marks(text: str) -> str:
    """Return ``text`` with plain apostrophes and without the possessive 's."""
    return re.sub(r"'s?\b", "", text.replace("’", "'").replace("‘", "'"))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _written_out(words: list[str]) -> bool:
    return len(words) > 1 or len(words[0]) > _SHORT or words[0].isupper()


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, str], int]:
    names = _names_of(knowledge())
    return names, max(len(name.split()) for name in names)


def _names_of(graph: Knowledge) -> dict[str, str]:
    return {key(name): node.name for node in graph.nodes.values() for name in (node.name, *node.aliases)}
