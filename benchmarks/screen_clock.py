"""When a text was on the screen after a click, told by the page itself, and what happened on the way there."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

_SOURCE = Path(__file__).with_suffix(".js")


def install(context: BrowserContext) -> None:
    """Give every page opened from now on a clock."""
    context.add_init_script(path=_SOURCE)


def arm(page: Page, button: str, text: str) -> None:
    """Wait for a click on the button called ``button``, then for ``text``, a regular expression of JavaScript."""
    page.evaluate("([button, text]) => screenClock.arm(button, text)", [button, text])


def read(page: Page, patience: float) -> dict[str, Any]:
    """Return clicked, sent, found and painted in milliseconds since 1970, once the text is painted.

    ``sent`` is when the click left the browser, ``received`` when the last message came that was needed, ``found``
    when the text was in the page and ``painted`` when it was on the screen; ``patience`` is in milliseconds.
    """
    page.wait_for_function("screenClock.painted", polling=200, timeout=patience)
    seen: dict[str, Any] = page.evaluate("screenClock")
    return {
        "clicked": seen["clicked"],
        "sent": next(at for at, _ in seen["sent"] if at >= seen["clicked"]),
        "received": max(at for at, _ in seen["got"] if at <= seen["found"]),
        "found": seen["found"],
        "painted": seen["painted"],
    }


def stages(home: Path, seen: dict[str, Any]) -> dict[str, float]:
    """Return the seconds from the click to each stage of the newest run's way to the screen.

    To the installation's own stages (``asked`` for, ``taken`` by the worker, first round ``computed``) from the
    database come those that ``read`` has seen in the browser.
    """
    with closing(sqlite3.connect(home / "medhive.db")) as database:
        run, asked, taken = database.execute(
            "SELECT id, created_at, started_at FROM runs ORDER BY id DESC LIMIT 1"
        ).fetchone()
        computed = database.execute('SELECT "at" FROM rounds WHERE run_id = ? AND round = 1', (run,)).fetchone()[0]
    moments = {"sent": seen["sent"]}
    moments |= {name: _milliseconds(at) for name, at in (("asked", asked), ("taken", taken), ("computed", computed))}
    moments |= {name: seen[name] for name in ("received", "found", "painted")}
    return {name: (at - seen["clicked"]) / 1000 for name, at in moments.items()}


def _milliseconds(stored: str) -> float:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC).timestamp() * 1000
