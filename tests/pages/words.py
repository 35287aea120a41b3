"""Everything a page says, as one text."""

from streamlit.testing.v1 import AppTest

_KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "success", "error", "warning")


def texts(app: AppTest) -> str:
    """Return all headings, sentences, messages and HTML of a page."""
    words = [element.value for kind in _KINDS for element in getattr(app, kind)]
    return "\n".join([*words, *(element.proto.body for element in app.get("html"))])
