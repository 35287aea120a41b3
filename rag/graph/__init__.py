"""The medical knowledge graph: what is joined to what, with the page where each fact can be checked."""

from rag.graph.link import node_called
from rag.graph.read import Fact, knowledge

__all__ = ["Fact", "facts_about"]


def facts_about(name: str) -> tuple[Fact, ...]:
    """Return what the graph says of ``name``, first what it is, then how it is joined; empty when it is unknown.

    Parameters
    ----------
    name
        A name, an alias, or the label that a classifier gives, such as ``"ST elevation"``, ``"PVC"`` or ``"V"``.
    """
    node = node_called(name)
    if node is None:
        return ()
    return (*knowledge().gist(node.name), *knowledge().facts_of(node.name))
