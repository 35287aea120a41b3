"""Model Hive and Contribute for pictures, texts and ECGs: a sample is answered, a ZIP is checked and stored."""

import pytest

from components.ask_picture import MANY
from data.intake.images import to_zip
from data.vault import load, receipts
from models.registry import get_task
from models.versions import register_shipped
from tests.data.pictures import GREY, as_file, as_zip
from tests.pages.conftest import OpenPage
from tests.pages.words import ended, texts


@pytest.mark.slow
def test_a_drawn_sample_is_answered_or_refused_and_never_for_clinical_use(page: OpenPage) -> None:
    register_shipped()
    app = page("model_hive", query={"task": "breast_ultrasound"})
    assert not app.exception
    app.button(key="hive_breast_ultrasound_sample").click().run(timeout=60)
    assert not app.exception
    seen = texts(app)
    assert "not for clinical use" in seen
    assert "Probability of" in seen or "No answer" in seen


def test_a_zip_of_pictures_goes_through_check_and_vault_and_stays_synthetic(home: object) -> None:
    from data.database import transaction
    from data.sites import ensure_site
    from data.vault import store
    from models.contributed import check_file

    task = get_task("breast_ultrasound")
    rows = task.generate(6, seed=2)
    report = check_file(task, to_zip(rows), source="test")
    assert report.problems == () and report.dataset is not None and report.dataset.synthetic
    assert report.dataset.fingerprint == rows.fingerprint
    with transaction() as session:
        site = ensure_site(session, "Test site").id
    kept = store(report.dataset, task=task.name, site_id=site, filename="a.zip", file_sha256=report.sha256, by=None)
    assert load(kept.dataset_id).fingerprint == rows.fingerprint
    assert receipts(site)[0].rows == 6


@pytest.mark.slow
def test_a_sample_complaint_is_answered_with_chances_of_classes(page: OpenPage) -> None:
    register_shipped()
    app = page("model_hive", query={"task": "symptoms"})
    app.button(key="hive_symptoms_sample").click().run(timeout=60)
    app.button(key="hive_symptoms_submit").click().run(timeout=60)
    assert not app.exception
    seen = texts(app)
    assert "Of the 24 conditions it knows" in seen and "not for clinical use" in seen


def test_a_drawn_ecg_is_read_and_its_beats_are_classed(page: OpenPage) -> None:
    register_shipped()
    app = page("model_hive", query={"task": "ecg"})
    app.button(key="hive_ecg_sample").click().run(timeout=60)
    assert not app.exception
    seen = texts(app)
    assert "beats a minute" in seen and "Beats by class" in seen and "not for clinical use" in seen


def test_a_zip_of_many_pictures_gets_a_row_each_and_a_download(page: OpenPage) -> None:
    register_shipped()
    app = page("model_hive", query={"task": "breast_ultrasound"})
    app.segmented_control(key="hive_breast_ultrasound_kind").set_value(MANY).run(timeout=60)
    packed = as_zip({"=a.png": as_file(GREY), "b.png": b"nothing"})
    app.file_uploader(key="hive_breast_ultrasound_zip").set_value(("many.zip", packed, "application/zip")).run(
        timeout=60
    )
    app = ended(app.button(key="hive_breast_ultrasound_zip_ask").click().run(timeout=60))
    assert not app.exception
    rows = next(each.value for each in app.dataframe if "note" in each.value)
    assert list(rows["file"]) == ["=a.png", "b.png"] and rows["note"][1]
    assert "of 2 pictures answered" in texts(app) and "not for clinical use" in texts(app)
