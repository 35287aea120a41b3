"""A button that copies a text in the browser, without asking the server."""

import streamlit as st

_HTML = '<button class="copy" type="button" aria-label="Copy the answer" title="Copy the answer">Copy</button>'
_CSS = """
:host { display: block; font-family: var(--st-font); color: var(--st-text-color); }
.copy { font: inherit; font-size: .875rem; color: inherit; background: transparent; border: 0; cursor: pointer;
  min-height: 2.5rem; padding: 0 .6rem; border-radius: 999px; }
.copy:hover { background: var(--st-secondary-background-color); }
.copy:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media (max-width: 640px) { .copy { min-height: 2.75rem; } }
"""
_JS = """
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector(".copy");
  button.onclick = async () => {
    let said = "Copied";
    try { await navigator.clipboard.writeText(data.text); }
    catch {  // outside https and localhost there is no clipboard
      const area = Object.assign(document.createElement("textarea"), { value: data.text });
      document.body.append(area); area.select();
      if (!document.execCommand("copy")) said = "Not copied";
      area.remove();
    }
    button.textContent = said;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
}
"""


def copy_button(text: str, *, key: str) -> None:
    """Draw a button that copies ``text``."""
    component = st.components.v2.component("medhive_copy", html=_HTML, css=_CSS, js=_JS)
    component(data={"text": text}, key=key, width="content")
