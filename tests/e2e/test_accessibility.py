"""Pages can be used without a mouse and without seeing colours, as far as a machine can tell."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from benchmarks.installation import Installation
from tests.e2e.conftest import PATIENCE, idle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def serious_faults(page: Page) -> list[str]:
    """Return the serious and critical faults that axe finds in ``page`` as it is now."""
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in Axe().run(page).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "chatbot", "model_hive", "model_hive?task=vitals", "account"])
def test_a_page_has_no_serious_fault_of_accessibility(
    address: str, scheme: str, chromium: Browser, installation: Installation
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{installation.url}/{address}")
    expect(page.get_by_role("heading").first).to_be_visible(timeout=PATIENCE)
    # Streamlit fades what it is drawing again, at whatever moment a machine gets to it; a fault of the page stays.
    until = time.monotonic() + PATIENCE / 1000
    idle(page)
    while (serious := serious_faults(page)) and time.monotonic() < until:
        page.wait_for_timeout(1000)
        idle(page)
    context.close()
    assert not serious, "\n".join(serious)
