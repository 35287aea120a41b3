"""Which inputs mattered: one bar an input, to the left or right of zero, by its Shapley value in log-odds.

Drawn as text and boxes, not as a chart, so that long names wrap on a phone and can be read aloud.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from components.input_form import shown
from components.theme import palette
from models.task import Task

if TYPE_CHECKING:  # brings torch, which takes seconds
    from models.predict import Contribution

_LISTED = 10

_CSS = """
.bars { container-type: inline-size; font: 0.88rem var(--st-font); color: var(--st-text-color); }
.ends, .row { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr) 3.4rem; gap: 0 .6rem; }
.ends { font-size: .8rem; opacity: .85; margin-bottom: .35rem; }
.ends div { grid-column: 2; display: flex; justify-content: space-between; gap: .8rem; }
.ends span:last-child { text-align: right; }
.row { align-items: center; padding: .2rem 0; }
.track { position: relative; height: 1.1rem; }
.track::before { content: ""; position: absolute; left: 50%; top: -.2rem; bottom: -.2rem;
  border-left: 1px solid var(--st-text-color); opacity: .35; }
.box { position: absolute; top: 0; bottom: 0; border-radius: 3px; min-width: 1px; }
.value { text-align: right; font-variant-numeric: tabular-nums; opacity: .85; }
@container (max-width: 440px) {
  .ends, .row { grid-template-columns: minmax(0, 1fr) 3.4rem; }
  .name { grid-column: 1 / -1; }
  .ends div { grid-column: 1; }
}
"""

_JS = """
export default function ({ data, parentElement }) {
  const add = (parent, kind, name, text) => {
    const made = document.createElement(kind);
    made.className = name;
    made.textContent = text ?? "";
    parent.append(made);
    return made;
  };
  const bars = parentElement.querySelector(".bars");
  bars.replaceChildren();
  const ends = add(add(bars, "div", "ends"), "div", "");
  add(ends, "span", "", `← ${data.away}`);
  add(ends, "span", "", `${data.towards} →`);
  for (const bar of data.bars) {
    const row = add(bars, "div", "row");
    row.setAttribute("role", "listitem");
    add(row, "span", "name", bar.name);
    const box = add(add(row, "div", "track"), "div", "box");
    const width = (50 * Math.abs(bar.weight)) / data.reach;
    box.style.width = `${width}%`;
    box.style.left = bar.weight > 0 ? "50%" : `${50 - width}%`;
    box.style.background = bar.weight > 0 ? data.colours[0] : data.colours[1];
    add(row, "span", "value", bar.words);
  }
}
"""


class Bar(NamedTuple):
    """One bar: an input with its value in words, and its Shapley value in log-odds."""

    name: str
    weight: float


def contribution_bars(contributions: Sequence["Contribution"], task: Task, *, key: str, chosen: int = 1) -> None:
    """Draw the bars and the sentence that says what they show; of more than two classes they are about ``chosen``."""
    # Registered at each drawing, not at import: Streamlit keeps the registry with the running server.
    draw = st.components.v2.component(
        "medhive_contribution_bars", html='<div class="bars" role="list"></div>', css=_CSS, js=_JS
    )
    listed = bars(contributions, task)
    data: dict[str, Any] = {
        "bars": [{"name": bar.name, "weight": bar.weight, "words": f"{bar.weight:+.2f}"} for bar in listed],
        "reach": max(abs(bar.weight) for bar in listed) or 1.0,
        "away": sides_of(task, chosen)[0],
        "towards": sides_of(task, chosen)[1],
        "colours": [palette().attention, palette().alive],
    }
    draw(key=key, data=data, width="stretch", height="content")
    said = what_counted_sentence(contributions, task, chosen)
    st.caption(
        f"{said} The numbers are Shapley values: how far each input moves the "
        "answer, in log-odds, from that for a typical record with every input at the federation's median."
    )


def bars(contributions: Sequence["Contribution"], task: Task) -> list[Bar]:
    """Return the bars, the longest first; beyond ten the rest is summed into one, so that all add up."""
    ordered = sorted(contributions, key=lambda c: -abs(c.weight))
    listed = [Bar(named(c, task), c.weight) for c in ordered[:_LISTED]]
    if rest := ordered[_LISTED:]:
        listed.append(Bar(f"{len(rest)} other inputs together", sum(c.weight for c in rest)))
    return listed


def sides_of(task: Task, chosen: int) -> tuple[str, str]:
    """Return what negative and positive weights speak for."""
    if len(task.classes) == 2:
        return task.classes[0], task.classes[1]
    return "another class", task.classes[chosen]


def what_counted_sentence(contributions: Sequence["Contribution"], task: Task, chosen: int = 1) -> str:
    """Return one sentence that names the inputs that moved the answer most, the stronger side first.

    An input with less than a tenth of the strongest one's weight is not named: it would make nothing look like much.
    """
    ordered = sorted(contributions, key=lambda c: -abs(c.weight))
    strong = [c for c in ordered if c.weight and abs(c.weight) >= 0.1 * abs(ordered[0].weight)]
    away, towards = sides_of(task, chosen)
    sides = {
        towards: [named(c, task) for c in strong if c.weight > 0][:2],
        away: [named(c, task) for c in strong if c.weight < 0][:2],
    }
    first = towards if strong and strong[0].weight > 0 else away
    parts = [
        f"{' and '.join(names)} spoke most for {side}"
        for side, names in sorted(sides.items(), key=lambda pair: pair[0] != first)
        if names
    ]
    return "; ".join(parts) + "." if parts else "No input moved the answer away from that for a typical record."


def named(contribution: "Contribution", task: Task) -> str:
    """Return an input with its value as people say it: ``Chest pain (typical angina)``, ``Age (54 years)``."""
    if contribution.value is None:
        return f"{contribution.title} (not known)"
    levels = next((column.levels for column in task.schema.columns if column.name == contribution.column), {})
    value = levels.get(round(contribution.value)) or f"{shown(contribution.value)} {contribution.unit}".rstrip()
    return f"{contribution.title} ({value})"
