"""A strip on ECG paper: 25 mm a second, 10 mm a millivolt, beats marked by colour, shape and letter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

_MOST_POINTS = 6000  # drawn; more cannot be told apart
LONGEST = 30.0  # s drawn at once
_CLASS = {"?": "unsure"}  # what no style can be called

_CSS = """
.paper { overflow-x: auto; width: fit-content; max-width: 100%;
  border: 1px solid var(--st-border-color); border-radius: 12px; }
.paper:focus-visible { outline: 2px solid var(--st-primary-color); }
svg { display: block; background: #FFF8F3; }
.fine { stroke: #F3CFC4; stroke-width: .1; } .coarse { stroke: #DE9C8A; stroke-width: .22; }
.line { fill: none; stroke: #1C2526; stroke-width: .32; stroke-linejoin: round; }
text { font: 3px var(--st-font); fill: #1C2526; } .N { fill: #0B7A75; } .S { fill: #7B4B94; } .V { fill: #B8324A; }
.F { fill: #9A6B00; } .Q, .unsure { fill: #5B6664; }
"""

_JS = """
export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".paper"), scale = 3.78, high = data.height, wide = data.width;
  const space = "http://www.w3.org/2000/svg";
  const make = (kind, kept) => {
    const made = document.createElementNS(space, kind);
    for (const [name, value] of Object.entries(kept)) made.setAttribute(name, value);
    return made;
  };
  const svg = make("svg", { viewBox: `0 0 ${wide} ${high}`, width: wide * scale, height: high * scale });
  for (const [step, name] of [[1, "fine"], [5, "coarse"]]) {
    let path = "";
    for (let x = 0; x <= wide; x += step) path += `M${x} 0V${high}`;
    for (let y = 0; y <= high; y += step) path += `M0 ${y}H${wide}`;
    svg.append(make("path", { d: path, class: name }));
  }
  svg.append(make("path", { d: "M" + data.points.map((p) => p.join(" ")).join("L"), class: "line" }));
  for (const beat of data.beats) {
    const { x, y, kind, letter } = beat;
    const shape = kind === "V" ? `M${x - 1.2} ${y - 1}h2.4l-1.2 2z` : kind === "S"
      ? `M${x} ${y - 1.3}l1.3 1.3l-1.3 1.3l-1.3 -1.3z` : `M${x - 1} ${y}a1 1 0 1 0 2 0a1 1 0 1 0 -2 0`;
    svg.append(make("path", { d: shape, class: kind }));
    const text = make("text", { x, y: y + 4.6, "text-anchor": "middle", class: kind });
    text.textContent = letter;
    svg.append(text);
  }
  const told = make("text", { x: 2, y: high - 2 });
  told.textContent = data.told;
  svg.append(told);
  box.setAttribute("aria-label", data.words);
  box.replaceChildren(svg);
}
"""


class Mark(NamedTuple):
    """A beat: where (s from the start of the drawing), its kind (N, S, V, F, Q or ?: colour and shape), its letter."""

    at: float
    kind: str
    letter: str


def ecg_paper(
    signal: NDArray[np.float64], rate: float, lead: str, marks: Sequence[Mark], sentence: str, *, key: str
) -> None:
    """Draw the (n,) signal in mV and the sentence that says what it shows."""
    # Registered at each drawing, not at import: Streamlit keeps the registry with the running server.
    draw = st.components.v2.component(
        "medhive_ecg_paper", html='<div class="paper" role="img" tabindex="0"></div>', css=_CSS, js=_JS
    )
    draw(key=key, data=drawing(signal, rate, lead, marks, sentence), width="stretch", height="content")
    st.caption(sentence)


def drawing(
    signal: NDArray[np.float64], rate: float, lead: str, marks: Sequence[Mark], sentence: str
) -> dict[str, Any]:
    """Return what the browser draws, in mm of paper: 25 mm are a second, 10 mm a millivolt."""
    middle = float(np.median(signal))
    top, bottom = float(signal.max()) - middle, middle - float(signal.min())
    above = 10 + 5 * np.ceil(2 * min(top, 4.0))  # mm, whole large squares, with room for the marks
    height = float(above + 5 + 5 * np.ceil(2 * min(bottom, 4.0)) + 5)
    step = max(1, int(np.ceil(len(signal) / _MOST_POINTS)))
    points = [
        [round(25 * at / rate, 2), round(float(np.clip(above - 10 * (signal[at] - middle), 0, height)), 2)]
        for at in range(0, len(signal), step)
    ]
    return {
        "width": float(np.ceil(25 * len(signal) / rate)),
        "height": height,
        "points": points,
        "beats": [
            {
                "x": round(25 * mark.at, 2),
                "y": 3.0,
                "kind": "unsure" if mark.kind == "?" else mark.kind,
                "letter": mark.letter,
            }
            for mark in marks
        ],
        "told": f"{lead} · 25 mm/s · 10 mm/mV",
        "words": sentence,
    }
