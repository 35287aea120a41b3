"""How long a person waits: for the first page, for the first round after the click, for a cancellation.

Every figure is measured in a real browser on an installation of its own, several times; medians are reported.
"""

import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, TimeoutError, expect

from benchmarks import screen_clock
from benchmarks.installation import Installation, browser, running

PATIENCE = 60_000  # ms
START = "Start the run"
ROUND = r"(Round [1-9]\d*|[1-9]\d* of \d+ rounds)"


def measure(repetitions: int) -> dict[str, dict[str, float | list[float]]]:
    """Return figure → median and all values, in seconds.

    ``serve_to_paint``: from the start of the server (migration included) to the heading of Home, second start of a
    home. ``paint_*``: from the address to the heading in a browser that was there before. ``click_to_round_cold``:
    from the click on "Start the run" to the first round on the screen, 2 s after the server answered, with a worker
    that has loaded nothing yet. ``click_to_round_warm``: the same once the worker is warm; ``click_to_sent`` and so on
    are the stages of that way, see ``screen_clock.stages``. Both are told by the page's own clock, from the event of
    the click to the end of the frame that shows the round. ``click_to_stopped`` and
    ``click_to_cancelled``: from the click on "Cancel the run" until the run of 1000 rounds has ended, and until the
    page says so and offers to resume it.
    """
    found: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        found.setdefault(name, []).append(round(seconds, 3))

    with tempfile.TemporaryDirectory() as folder, browser() as opened:
        home = Path(folder) / "home"
        with running(home):
            pass  # the first start of a home is not what a person repeats
        for _ in range(repetitions):
            start = time.monotonic()
            with running(home) as installation:
                context = opened.new_context(viewport={"width": 1440, "height": 900})
                screen_clock.install(context)
                page = context.new_page()
                page.set_default_timeout(PATIENCE)
                page.goto(installation.url)
                _heading(page, "Patients stay home")
                note("serve_to_paint", time.monotonic() - start)
                _sign_in(page, installation.url)
                note("click_to_round_cold", _click_to_round(page, installation)["painted"])
                _wait_until_warm(page, installation.url)
                warm = _click_to_round(page, installation)
                note("click_to_round_warm", warm.pop("painted"))
                for stage, seconds in warm.items():
                    note(f"click_to_{stage}", seconds)
                stopped, shown = _click_to_cancelled(page, installation)
                note("click_to_stopped", stopped)
                note("click_to_cancelled", shown)
                for name, heading in (("", "Patients stay home"), ("model_hive", "Model Hive"), ("admin", "Admin")):
                    note(f"paint_{name or 'home'}", _paint(page, f"{installation.url}/{name}", heading))
    return {name: {"median": statistics.median(values), "values": list(values)} for name, values in found.items()}


def _heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=re.compile(text)).first).to_be_visible(timeout=PATIENCE)


def _timed(act: Callable[[], object]) -> float:
    start = time.monotonic()
    act()
    return time.monotonic() - start


def _paint(page: Page, url: str, heading: str) -> float:
    def open_page() -> None:
        page.goto(url, wait_until="commit")
        _heading(page, heading)

    return _timed(open_page)


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/account")
    page.get_by_role("button", name="Try as admin").click()
    expect(page.get_by_role("link", name="Demo admin")).to_be_visible(timeout=PATIENCE)


def _start(page: Page, url: str, rounds: int | None = None) -> None:
    page.goto(f"{url}/admin?section=start")
    button = page.get_by_role("button", name=START)
    expect(button).to_be_visible(timeout=PATIENCE)
    if rounds is not None:
        page.get_by_role("spinbutton", name="Rounds").fill(str(rounds))
        page.keyboard.press("Tab")
    page.wait_for_timeout(1000)
    screen_clock.arm(page, START, ROUND)
    button.click()


def _click_to_round(page: Page, installation: Installation) -> dict[str, float]:
    """Return the seconds from the click to each stage; ``painted`` is the first round on the screen."""
    _start(page, installation.url)
    seen = screen_clock.read(page, PATIENCE)
    expect(page.get_by_text(re.compile("Became version")).first).to_be_visible(timeout=PATIENCE)
    return screen_clock.stages(installation.home, seen)


def _click_to_cancelled(page: Page, installation: Installation) -> tuple[float, float]:
    """Return the seconds until the run had ended, by its record, and until the page showed it."""
    _start(page, installation.url, rounds=1000)
    expect(page.get_by_text(re.compile(ROUND)).first).to_be_visible(timeout=PATIENCE)
    clicked = datetime.now(UTC)
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("button", name="Resume the run")).to_be_visible(timeout=PATIENCE)
    shown = (datetime.now(UTC) - clicked).total_seconds()
    with closing(sqlite3.connect(installation.home / "medhive.db")) as database:
        ended: str = database.execute("SELECT finished_at FROM runs ORDER BY id DESC LIMIT 1").fetchone()[0]
    return (datetime.fromisoformat(ended).replace(tzinfo=UTC) - clicked).total_seconds(), shown


def _wait_until_warm(page: Page, url: str) -> None:
    """Wait until Admin says that the worker is ready, and a little longer for what it prepares in quiet time."""
    while True:
        page.goto(f"{url}/admin?section=overview")
        if page.get_by_text("ready", exact=True).count() or _appears(page):
            page.wait_for_timeout(5000)
            return


def _appears(page: Page) -> bool:
    try:
        page.get_by_text("ready", exact=True).first.wait_for(timeout=10_000)
    except TimeoutError:
        return False
    return True
