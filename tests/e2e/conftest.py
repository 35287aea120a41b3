"""One installation and one browser for the journeys; pictures of what was seen go to --pictures when it is given."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.installation import Installation, browser, chromium_path, running

Picture = Callable[[Page, str], None]


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
    """Save what the page shows now, in both themes and widths, when --pictures names a folder."""
    folder = request.config.getoption("--pictures")

    def take(page: Page, name: str) -> None:
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        for scheme, width, height in (("light", 1440, 900), ("dark", 390, 844), ("dark", 1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_timeout(1500)
            page.screenshot(path=Path(folder) / f"{name}-{scheme}-{width}.png")
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)

    return take
