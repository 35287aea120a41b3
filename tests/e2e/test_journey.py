"""The whole path in a real browser: a contributed CSV, a run with it, promotion, an answer from the new model."""

import csv
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.installation import Installation
from tests.data.pictures import GREY, as_file, as_zip
from tests.e2e.conftest import PATIENCE, Picture, idle

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def page(chromium: Browser, installation: Installation) -> Page:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def take_role(page: Page, installation: Installation, role: str) -> None:
    page.goto(f"{installation.url}/account")
    idle(page)
    page.get_by_role("button", name=f"Try as {role}").click()
    expect(page.get_by_role("link", name=f"Demo {role}")).to_be_visible(timeout=PATIENCE)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=re.compile(option)).click()


def text(page: Page, pattern: str) -> Locator:
    return page.get_by_text(re.compile(pattern)).first


def test_from_uploaded_csv_to_promoted_champion(page: Page, installation: Installation, picture: Picture) -> None:
    visitor_sees_the_promise_and_may_not_start_a_run(page, installation)
    provider_contributes_a_csv(page, installation, picture)
    admin_runs_a_federation_with_it(page, installation, picture)
    a_reload_and_a_second_browser_see_the_same(page, installation)
    admin_promotes_the_new_version(page, picture)
    anybody_asks_the_new_champion(page, installation, picture)
    anybody_asks_about_many_pictures_and_takes_the_answers_along(page, installation, picture)
    provider_sees_the_benefit(page, installation, picture)
    page.goto(installation.url)
    expect(text(page, "Last run")).to_be_visible()
    idle(page)
    picture(page, "home")
    anybody_asks_the_companion(page, installation, picture)


def visitor_sees_the_promise_and_may_not_start_a_run(page: Page, installation: Installation) -> None:
    page.goto(installation.url)
    expect(page.get_by_role("heading", name=re.compile("Patients stay home"))).to_be_visible()
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    page.goto(f"{installation.url}/admin")
    expect(page.get_by_role("button", name="Start the run")).to_have_count(0)


def provider_contributes_a_csv(page: Page, installation: Installation, picture: Picture) -> None:
    take_role(page, installation, "data provider")
    page.get_by_role("link", name="Contribute").click()
    choose(page, "Task", "Breast cancer")
    idle(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download a sample").click()
    sample = started.value.path().read_text(encoding="utf-8").splitlines()

    cells = sample[3].split(",")
    cells[0] = "-7"
    wrong = "\n".join([*sample[:3], ",".join(cells), *sample[4:]])
    file_input = page.locator("input[type=file]")
    file_input.set_input_files({"name": "wrong.csv", "mimeType": "text/csv", "buffer": wrong.encode()})
    expect(text(page, "nothing of it is kept")).to_be_visible()
    expect(page.get_by_test_id("stTable").get_by_text("-7").first).to_be_visible()
    expect(page.get_by_role("button", name="Contribute these rows")).to_have_count(0)
    picture(page, "contribute-problem", page.get_by_role("heading", name="3. Check"))

    file_input.set_input_files({"name": "visits.csv", "mimeType": "text/csv", "buffer": "\n".join(sample).encode()})
    expect(page.get_by_role("button", name="Contribute these rows")).to_be_enabled()
    page.get_by_role("button", name="Contribute these rows").click()
    expect(text(page, r"rows of visits\.csv are in the vault")).to_be_visible()
    idle(page)
    picture(page, "contribute", page.get_by_role("heading", name="4. Confirm"))


def admin_runs_a_federation_with_it(page: Page, installation: Installation, picture: Picture) -> None:
    take_role(page, installation, "admin")
    page.goto(f"{installation.url}/admin?section=start")
    choose(page, "Task", "Breast cancer")
    idle(page)
    expect(text(page, "1 contributed dataset")).to_be_visible()
    page.get_by_role("spinbutton", name="Rounds").fill("40")
    page.keyboard.press("Tab")
    idle(page)
    picture(page, "start")
    page.get_by_role("button", name="Start the run").click()
    expect(text(page, r"[Rr]ound")).to_be_visible()
    expect(text(page, "Became version 2")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)
    idle(page)
    picture(page, "run-done")


def a_reload_and_a_second_browser_see_the_same(page: Page, installation: Installation) -> None:
    address = page.url
    page.reload()
    expect(text(page, "Became version 2")).to_be_visible()
    context = page.context.browser.new_context() if page.context.browser else page.context
    second = context.new_page()
    take_role(second, installation, "admin")
    second.goto(address)
    expect(text(second, "Became version 2")).to_be_visible(timeout=PATIENCE)
    context.close()


def admin_promotes_the_new_version(page: Page, picture: Picture) -> None:
    page.goto(re.sub(r"\?.*", "", page.url) + "?section=decision")
    choose(page, "Task", "Breast cancer")
    expect(page.get_by_role("button", name="Promote")).to_be_visible()
    idle(page)
    picture(page, "decision")
    page.get_by_role("textbox", name="Reason").fill("A site joined; held-out AUC did not fall.")
    page.get_by_role("button", name="Promote").click()
    expect(text(page, "is the champion")).to_be_visible()


def anybody_asks_the_new_champion(page: Page, installation: Installation, picture: Picture) -> None:
    visitor = (
        page.context.browser.new_context(viewport={"width": 1440, "height": 900}) if page.context.browser else None
    )
    assert visitor is not None
    there = visitor.new_page()
    there.goto(f"{installation.url}/model_hive?task=breast_cancer")
    there.get_by_role("button", name="Try a sample").click(timeout=PATIENCE)
    idle(there)
    there.get_by_role("button", name="Ask the model").click()
    expect(text(there, "not for clinical use")).to_be_visible(timeout=PATIENCE)
    expect(text(there, "[Vv]ersion 2")).to_be_visible(timeout=PATIENCE)
    idle(there)
    picture(there, "model")
    visitor.close()


def anybody_asks_about_many_pictures_and_takes_the_answers_along(
    page: Page, installation: Installation, picture: Picture
) -> None:
    page.goto(f"{installation.url}/model_hive?task=pneumonia")
    page.get_by_text("A ZIP of many").click()
    idle(page)
    packed = as_zip({"=a.png": as_file(GREY), "b.png": as_file(GREY), "notes.txt": b"nothing"})
    page.locator("input[type=file]").set_input_files(
        {"name": "many.zip", "mimeType": "application/zip", "buffer": packed}
    )
    page.get_by_role("button", name="Ask about 3 pictures").click()
    expect(text(page, "of 3 pictures answered")).to_be_visible(timeout=PATIENCE)
    idle(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the answers").click()
    assert started.value.suggested_filename == "pneumonia-answers.csv"
    lines = list(csv.DictReader(started.value.path().open(encoding="utf-8")))
    assert [line["file"] for line in lines] == ["'=a.png", "b.png", "notes.txt"]
    assert all(line["answer"] for line in lines) and "no PNG" in lines[2]["note"]
    picture(page, "many-pictures", text(page, "of 3 pictures answered"))


def provider_sees_the_benefit(page: Page, installation: Installation, picture: Picture) -> None:
    take_role(page, installation, "data provider")
    page.get_by_role("link", name="Contribute").click()
    expect(page.get_by_role("heading", name="What my site gains")).to_be_visible()
    idle(page)
    picture(page, "benefit", page.get_by_role("heading", name="What my site gains"))


def anybody_asks_the_companion(page: Page, installation: Installation, picture: Picture) -> None:
    page.goto(f"{installation.url}/chatbot")
    page.get_by_test_id("stChatInputTextArea").fill("What are the signs of a stroke?")
    page.keyboard.press("Enter")
    expect(text(page, "The face may droop")).to_be_visible(timeout=120_000)
    expect(text(page, "MedlinePlus: Stroke")).to_be_visible()
    idle(page)
    picture(page, "companion")
