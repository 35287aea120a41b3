"""The medical knowledge graph: reads and checks the files in rag/knowledge, and joins them to a networkx graph.

A file has a ``type`` and one table a node: aliases, and lists of other nodes under the names of relations
(``rag/graph/relations.py``). ``source`` is the page where all facts of a table can be checked; what it is called stands
in sources.toml. ``phrase`` is the name within a sentence where it differs, ``gist`` one sentence that says what it is,
``labels`` what classifiers call it.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rag.article import Link
from rag.graph.relations import KINDS, RELATIONS, Kind
from settings import ROOT

if TYPE_CHECKING:
    import networkx as nx

KNOWLEDGE = ROOT / "rag" / "knowledge"
GIST = "gist"  # the relation of a node to itself
_SOURCES = "sources.toml"
_OWN_KEYS = {"aliases", "labels", "phrase", "gist", "source"}


class KnowledgeError(ValueError):
    """A knowledge file is wrong; the message is one sentence with file and node."""


@dataclass(frozen=True)
class Node:
    """One thing that the graph knows. ``gist`` and ``source`` may be missing, where only others speak of it."""

    name: str
    kind: Kind
    aliases: tuple[str, ...]
    phrase: str
    labels: tuple[str, ...] = ()
    gist: str = ""
    source: Link | None = None

    @property
    def plural(self) -> bool:
        """Whether a sentence about it needs a plural verb."""
        name = self.name
        return name == "atria" or (name.endswith("s") and self.kind in {"anatomy", "drug class", "ECG finding"})


@dataclass(frozen=True)
class Fact:
    """One edge as it is shown: a sentence and the page where it can be checked. A gist is a fact about one node."""

    subject: str
    relation: str
    object: str
    text: str
    source: Link

    @property
    def way(self) -> tuple[str, str]:
        """Subject and object, the cause first."""
        backwards = self.relation in RELATIONS and RELATIONS[self.relation].backwards
        return (self.object, self.subject) if backwards else (self.subject, self.object)


@dataclass(frozen=True)
class Knowledge:
    """All nodes by name, all facts, the graph (edges carry ``fact``), and the SHA-256 of the files."""

    nodes: dict[str, Node]
    facts: tuple[Fact, ...]
    graph: "nx.MultiGraph[str]"
    sha256: str

    def gist(self, name: str) -> tuple[Fact, ...]:
        """Return the sentence that says what ``name`` is, as a fact about itself; empty where there is none."""
        node = self.nodes[name]
        return (Fact(name, GIST, name, node.gist, node.source),) if node.gist and node.source else ()

    def facts_of(self, name: str) -> list[Fact]:
        """Return the facts that have ``name`` at one end."""
        return [entry["fact"] for _, _, entry in self.graph.edges(name, data=True)]


@lru_cache(maxsize=2)
def knowledge(folder: Path = KNOWLEDGE) -> Knowledge:
    """Read the graph; once a process.

    Raises
    ------
    KnowledgeError
        With one sentence that says what is wrong with which node in which file, and what would be right.
    """
    import networkx as nx

    files = sorted(folder.glob("*.toml"))
    raw = [path.read_bytes() for path in files]
    tables = {path.name: _table(path.name, content) for path, content in zip(files, raw, strict=True)}
    titles = tables.pop(_SOURCES, {})
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str, dict[str, Any]]] = []
    for file, table in tables.items():
        kind = table.pop("type", None)
        if kind not in KINDS:
            raise KnowledgeError(f"{file}: the type is {kind!r}; it must be one of {', '.join(KINDS)}.")
        for name, entry in table.items():
            if name in nodes:
                raise KnowledgeError(f"{file}, {name!r}: a node of this name stands in another file already.")
            nodes[name] = _node(name, kind, entry, titles, file)
            edges.append((file, name, entry))
    facts = tuple(fact for file, name, entry in edges for fact in _facts(nodes, name, entry, file))
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((fact.subject, fact.object, {"fact": fact}) for fact in facts)
    return Knowledge(nodes, facts, graph, hashlib.sha256(b"\0".join(raw)).hexdigest())


def _table(file: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{file}: is not TOML in UTF-8 ({error}).") from error


def _node(name: str, kind: Kind, entry: Any, titles: dict[str, Any], file: str) -> Node:
    where = f"{file}, {name!r}"
    if not isinstance(entry, dict) or not _texts(entry.get("aliases")):
        raise KnowledgeError(f"{where}: needs aliases, a list of other names.")
    if unknown := entry.keys() - _OWN_KEYS - RELATIONS.keys():
        raise KnowledgeError(f"{where}: {min(unknown)!r} is no relation; there are {', '.join(RELATIONS)}.")
    url = entry.get("source")
    if url is None and entry.keys() - {"aliases", "labels", "phrase"}:
        raise KnowledgeError(f"{where}: says something and needs a source, the page where it can be checked.")
    if url is not None and url not in titles:
        raise KnowledgeError(f"{where}: the source {url!r} is not listed in {_SOURCES}.")
    return Node(
        name,
        kind,
        tuple(entry["aliases"]),
        entry.get("phrase") or (f"the {name}" if kind == "anatomy" else name),
        tuple(entry.get("labels", ())),
        entry.get("gist", ""),
        Link(str(titles[url]), str(url)) if url else None,
    )


def _facts(nodes: dict[str, Node], name: str, entry: dict[str, Any], file: str) -> Iterator[Fact]:
    subject = nodes[name]
    source = cast(Link, subject.source)  # checked by _node
    for key, relation in RELATIONS.items():
        if key not in entry:
            continue
        where = f"{file}, {name!r}, {key}"
        if not _texts(entry[key]):
            raise KnowledgeError(f"{where}: must be a list of names of nodes.")
        if subject.kind not in relation.subjects:
            raise KnowledgeError(f"{where}: a {subject.kind} cannot have this relation.")
        for other in entry[key]:
            if other not in nodes:
                raise KnowledgeError(f"{where}: there is no node {other!r}.")
            if nodes[other].kind not in relation.objects:
                raise KnowledgeError(f"{where}: {other!r} is a {nodes[other].kind}, which does not fit.")
            if other == name:
                raise KnowledgeError(f"{where}: a node cannot be joined to itself.")
            yield Fact(name, key, other, _sentence(subject, relation.sentence, nodes[other]), source)


def _sentence(subject: Node, form: str, other: Node) -> str:
    be, concern = ("are", "concern") if subject.plural else ("is", "concerns")
    text = form.format(s=subject.phrase, o=other.phrase, name=other.name, be=be, concern=concern)
    return text[0].upper() + text[1:]


def _texts(value: Any) -> bool:
    return isinstance(value, Iterable) and bool(value) and all(isinstance(item, str) and item for item in value)
