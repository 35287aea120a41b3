"""Pages can be used without a mouse and without seeing colours, as far as a machine can tell."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from benchmarks.installation import Installation
from tests.e2e.conftest import PATIENCE, idle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "chatbot", "model_hive", "model_hive?task=vitals", "account"])
def test_a_page_has_no_serious_fault_of_accessibility(
    address: str, scheme: str, chromium: Browser, installation: Installation
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{installation.url}/{address}")
    expect(page.get_by_role("heading").first).to_be_visible(timeout=PATIENCE)
    idle(page)
    page.wait_for_timeout(1500)  # until nothing is faded any more
    found = Axe().run(page).response["violations"]
    context.close()
    serious = [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert not serious, "\n".join(serious)
