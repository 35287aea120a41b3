"""Everything a page says, as one text, at once or when what it computes has ended."""

import threading

from streamlit.testing.v1 import AppTest

from components.work import THREAD

_KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "success", "error", "warning")


def texts(app: AppTest) -> str:
    """Return all headings, sentences, messages and HTML of a page."""
    words = [element.value for kind in _KINDS for element in getattr(app, kind)]
    return "\n".join([*words, *(element.proto.body for element in app.get("html"))])


def ended(app: AppTest) -> AppTest:
    """Wait for what the page computes in a thread, and draw the page anew, as its fragment does."""
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(120)
    return app.run()
