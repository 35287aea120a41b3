"""A bar from 0 to 100 % with the probability as a dot, its interval as a band and the operating point as a line."""

from typing import Any

import streamlit as st

_CSS = """
.bar { position: relative; margin: 2px 8px; padding-top: 56px;
  font: 0.8rem var(--st-font); color: var(--st-text-color); }
.track { position: absolute; top: 30px; left: 0; right: 0; height: 12px; border-radius: 6px;
  background: color-mix(in srgb, var(--st-text-color) 10%, transparent); }
.band { position: absolute; top: 30px; height: 12px; border-radius: 6px; min-width: 4px;
  background: color-mix(in srgb, var(--st-primary-color) 45%, transparent); }
.dot { position: absolute; top: 26px; width: 20px; height: 20px; margin-left: -10px; border-radius: 50%;
  background: var(--st-primary-color); border: 3px solid var(--st-background-color); box-sizing: border-box; }
.line { position: absolute; top: 20px; height: 32px; border-left: 2px dashed var(--st-text-color); }
.above { position: absolute; top: 0; white-space: nowrap; opacity: .8; }
.ends { display: flex; justify-content: space-between; gap: 1rem; opacity: .8; }
.ends span:last-child { text-align: right; }
"""

_JS = """
export default function ({ data, parentElement }) {
  const bar = parentElement.querySelector(".bar");
  const at = (part, value) => { bar.querySelector(part).style.left = `${100 * value}%`; };
  at(".dot", data.probability); at(".line", data.threshold); at(".band", data.low);
  bar.querySelector(".band").style.width = `${100 * (data.high - data.low)}%`;
  const label = bar.querySelector(".above");
  label.textContent = data.point;
  label.style.left = `${100 * data.threshold}%`;
  label.style.transform = `translateX(-${100 * data.threshold}%)`;
  bar.querySelector(".first").textContent = data.first;
  bar.querySelector(".last").textContent = data.last;
  bar.setAttribute("aria-label", data.words);
}
"""

_HTML = """
<div class="bar" role="img"><div class="track"></div><div class="band"></div><div class="line"></div>
<div class="dot"></div><span class="above"></span>
<div class="ends"><span class="first"></span><span class="last"></span></div></div>
"""


def probability_bar(
    probability: float, low: float, high: float, threshold: float, classes: tuple[str, str], *, key: str
) -> None:
    """Draw the bar and the sentence that says what it shows."""
    # Registered at each drawing, not at import: Streamlit keeps the registry with the running server.
    draw = st.components.v2.component("medhive_probability_bar", html=_HTML, css=_CSS, js=_JS)
    data: dict[str, Any] = {
        "probability": probability,
        "low": low,
        "high": high,
        "threshold": threshold,
        "point": f"operating point {100 * threshold:.0f} %",
        "first": f"0\u00a0% · {classes[0]}",
        "last": f"{classes[1]} · 100\u00a0%",
        "words": f"Probability {100 * probability:.0f} %, interval {100 * low:.0f} to {100 * high:.0f} %, "
        f"operating point {100 * threshold:.0f} %.",
    }
    draw(key=key, data=data, width="stretch", height="content")
    st.caption(
        f"Dot: calibrated probability. Band: its 95 % interval. Dashed line: from {100 * threshold:.0f} % on, the "
        f"answer is “{classes[1]}”."
    )
