"""One installation and one browser for the journeys; pictures of what was seen go to --pictures when it is given."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.installation import Installation, browser, chromium_path, running

PATIENCE = 60_000  # ms; generous, since a loaded machine is slow and a wrong page stays wrong

expect.set_options(timeout=PATIENCE)

Picture = Callable[..., None]
Scheme = Literal["light", "dark"]
VIEWS: tuple[tuple[Scheme, int, int], ...] = (
    ("light", 1440, 900),
    ("dark", 1440, 900),
    ("light", 390, 844),
    ("dark", 390, 844),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("needs Chromium; `make chromium` installs it as root, else: sudo apt-get install chromium")
    with browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("installation")) as started:
        yield started


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """Save what the page shows in both themes and widths, from ``at`` on, when --pictures names a folder."""
    folder = request.config.getoption("--pictures")

    def take(page: Page, name: str, at: Locator | None = None) -> None:
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        for scheme, width, height in VIEWS:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(1200)
            main = page.get_by_test_id("stMain")
            if at is None:
                main.evaluate("main => main.scrollTo(0, 0)")
            else:
                at.evaluate("here => here.scrollIntoView({block: 'start'})")
                main.evaluate("main => main.scrollBy(0, -90)")  # below the navigation, which stays on top
            page.wait_for_timeout(600)
            page.screenshot(path=Path(folder) / f"{name}-{scheme}-{width}.png")
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)

    return take


def idle(page: Page) -> None:
    """Wait until Streamlit has finished drawing; a rerun begins a moment after what caused it."""
    page.wait_for_timeout(400)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
