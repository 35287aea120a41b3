"""How the things in an answer connect: a picture of the facts from the knowledge graph, and the same as a list."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from components.charts import show
from components.plain_text import plain
from components.theme import Palette, palette
from rag.graph import Fact
from rag.graph.read import GIST, knowledge
from rag.graph.relations import Kind

if TYPE_CHECKING:
    from plotly import graph_objects as go

_SHAPES: dict[Kind, str] = {  # never colour alone
    "disease": "circle",
    "symptom": "square",
    "sign": "square-open",
    "test": "diamond",
    "drug class": "triangle-up",
    "treatment": "triangle-down",
    "ECG finding": "star",
    "anatomy": "pentagon",
    "risk factor": "x",
}
_ROW = 62  # pixels a node, with its name below
_LETTERS = 14  # of a name in one line, so that three columns fit a phone
_FEWEST = 2  # facts that are worth a picture


def graph_picture(facts: Sequence[Fact], *, key: str) -> None:
    """Offer the picture of ``facts``, drawn once it is opened; ``key`` is unique on the page."""
    known = knowledge().nodes  # an answer kept from earlier may speak of nodes that are gone
    facts = [fact for fact in facts if fact.relation != GIST and {fact.subject, fact.object} <= known.keys()]
    if len(facts) < _FEWEST:
        return
    opened = st.expander("How this connects", icon=":material/hub:", key=f"{key}-expander", on_change="rerun")
    if not opened.open:
        return
    with opened:
        names = {name for fact in facts for name in fact.way}
        show(figure(facts), _caption(len(facts), len(names)), key)
        st.markdown(
            "\n".join(f"- {plain(fact.text)} [{plain(fact.source.title)}]({fact.source.url})" for fact in facts)
        )


def _caption(facts: int, things: int) -> str:
    return f"{facts} facts join {things} things. Point at a mark or at an arrow to read them; the list says the same."


def figure(facts: Sequence[Fact], colours: Palette | None = None) -> go.Figure:
    """Draw ``facts`` from left to right: each column is one step further from where the facts begin."""
    from plotly import graph_objects as go

    colours = colours or palette()
    places = layout(facts)
    nodes = knowledge().nodes
    drawn = go.Figure()
    for fact in facts:
        (x0, y0), (x1, y1) = (places[name] for name in fact.way)
        drawn.add_annotation(
            x=x1, y=y1, ax=x0, ay=y0, xref="x", yref="y", axref="x", ayref="y", text="",
            arrowhead=2, arrowsize=1.1, arrowwidth=1.4, arrowcolor=colours.quiet, standoff=11, startstandoff=11,
        )  # fmt: skip
    ends = [(places[fact.subject], places[fact.object]) for fact in facts]
    drawn.add_scatter(
        x=[(one[0] + other[0]) / 2 for one, other in ends],
        y=[(one[1] + other[1]) / 2 for one, other in ends],
        mode="markers",
        marker={"size": 22, "opacity": 0},
        hovertext=[_wrapped(fact.text, 34) for fact in facts],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    for kind, shape in _SHAPES.items():
        names = [name for name in places if nodes[name].kind == kind]
        if not names:
            continue
        drawn.add_scatter(
            x=[places[name][0] for name in names],
            y=[places[name][1] for name in names],
            mode="markers",
            name=kind,
            marker={"symbol": shape, "size": 14, "color": colours.alive, "line": {"color": colours.alive, "width": 2}},
            hovertext=[_wrapped(" ".join(_told(name, facts)), 34) for name in names],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    for name, (x, y) in places.items():  # as annotations, since only those can stand before the arrows
        drawn.add_annotation(
            x=x, y=y, text=_wrapped(name, _LETTERS), showarrow=False, yanchor="top", yshift=-9, borderpad=0,
            bgcolor=colours.paper, font={"color": colours.text, "size": 12},
        )  # fmt: skip
    rows = max(sum(x == column for x, _ in places.values()) for column, _ in places.values())
    columns = max(x for x, _ in places.values()) + 1
    margin = 0.5 if columns <= 3 else 0.7  # of a column, so that the outer names are whole on a phone
    drawn.update_xaxes(visible=False, fixedrange=True, range=[-margin, columns - 1 + margin])
    drawn.update_yaxes(visible=False, fixedrange=True, range=[-rows / 2 - 0.4, rows / 2])
    drawn.update_layout(
        height=max(3, rows) * _ROW + 60,
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        dragmode=False,
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemclick": False, "itemdoubleclick": False},
        font={"color": colours.text, "family": '"Source Sans", "Source Sans 3", sans-serif', "size": 13},
        hoverlabel={"bgcolor": colours.paper, "font": {"color": colours.text}},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return drawn


def layout(facts: Sequence[Fact]) -> dict[str, tuple[float, float]]:
    """Return a place for each node, columns from 0 and rows around 0.

    The node with the most facts stands in the middle, what leads to it on the left, what follows on the right, and
    each further step one column outwards.
    """
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph((fact.subject, fact.object) for fact in facts)
    column: dict[str, int] = {}
    for part in nx.connected_components(graph):
        centre = max(sorted(part), key=lambda name: graph.degree(name))
        causes = {fact.way[0] for fact in facts if fact.way[1] == centre}
        column[centre] = 0
        for nearer, further in nx.bfs_edges(graph, centre):
            outwards = column[nearer] or (-1 if further in causes else 1)
            column[further] = column[nearer] + (1 if outwards > 0 else -1)
    used = sorted(set(column.values()))
    busiest = sorted(column, key=lambda name: -graph.degree(name))
    members = [[name for name in busiest if column[name] == place] for place in used]
    return {
        name: (float(place), (len(names) - 1) / 2 - row)
        for place, names in enumerate(members)
        for row, name in enumerate(names)
    }


def _told(name: str, facts: Sequence[Fact]) -> list[str]:
    return [fact.text for fact in (*knowledge().gist(name), *facts) if name in (fact.subject, fact.object)]


def _wrapped(text: str, letters: int) -> str:
    return "<br>".join(textwrap.wrap(text, letters))
