"""The task ecg: beats of marked records beside the usual ones of their records, patients kept apart."""

import hashlib
from pathlib import Path

import numpy as np

from data.partition import folds, hold_out
from models.contributed import check_file, sample_file
from models.ecg.answers import answer_beats, beat_rows
from models.ecg.beats import CLASSES, LENGTH
from models.ecg.kernels import FEATURES, kernels, numbers_of
from models.ecg.looked import where_it_looked
from models.ecg.strip import read_strip
from models.registry import get_task
from models.versions import champion, load_model, register_shipped
from tests.models.test_ecg import packed

TASK = get_task("ecg")


def test_marked_beats_of_a_contributed_record_are_cut_and_counted_by_class(datasets: Path) -> None:
    report = check_file(TASK, packed(datasets / "ecg_strips_mitbih", "mit119_1"), source="t")
    assert report.dataset is not None and report.dataset.x.dtype == np.uint8 and report.dataset.x.shape[1] == 374
    assert set(report.dataset.y.tolist()) == {0, 2} and report.dataset.groups == ("mit119_1",) * report.rows
    assert report.dataset.x.max() == 255 and not report.dataset.synthetic


def test_a_record_without_marks_and_a_file_that_is_none_are_named(datasets: Path) -> None:
    import io
    import zipfile

    whole = zipfile.ZipFile(io.BytesIO(packed(datasets / "ecg_strips_mitbih", "mit119_1")))
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as archive:
        for name in whole.namelist():
            if not name.endswith(".atr"):
                archive.writestr(name, whole.read(name))
    report = check_file(TASK, bare.getvalue(), source="t")
    assert report.dataset is None and "mit119_1" in str(report.problems[0]) and ".atr" in str(report.problems[0])
    assert check_file(TASK, b"PK no", source="t").dataset is None


def test_a_drawn_record_stays_marked_as_synthetic_in_its_file() -> None:
    rows, content = sample_file(TASK, 40, 3)
    report = check_file(TASK, content, source="t")
    assert rows.synthetic and len(rows) == 40
    assert report.dataset is not None and report.dataset.synthetic and report.rows == 40


def test_a_patient_is_on_one_side_of_every_split_and_at_one_clinic(home: object, datasets: object) -> None:
    public = TASK.public()
    assert public.groups is not None and public.natural_sites is not None
    clinics = dict(zip(public.groups, public.natural_sites, strict=True))
    assert set(zip(public.groups, public.natural_sites, strict=True)) == set(clinics.items())
    for split in (hold_out(public), *folds(public, 6, 0)):
        sides = [{public.groups[row] for row in part} for part in (split.training, split.calibration, split.heldout)]
        assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
        assert len({clinics[group] for group in sides[0]}) >= 4


def test_every_beat_stands_beside_the_median_beat_of_its_record_and_not_of_another(datasets: Path) -> None:
    rows = TASK.public()
    names = np.array(rows.groups)
    for name in set(rows.groups or ()):
        usual = rows.x[names == name, LENGTH:]
        assert (usual == usual[0]).all()
    assert len({row.tobytes() for row in rows.x[:, LENGTH:]}) == 24


def test_the_kernels_are_the_same_everywhere_and_see_no_padding() -> None:
    rows = TASK.generate(8).x
    found = numbers_of(rows)
    assert found.shape == (8, FEATURES) and np.isfinite(found).all()
    assert np.array_equal(found[3:5], numbers_of(rows[3:5]))
    drawn = hashlib.sha256(b"".join(part.numpy().tobytes() for which in range(4) for part in kernels(which)))
    assert drawn.hexdigest().startswith("308f192a284eac9f")  # shipped weights fit these and no others
    padded = rows.copy()
    size = int(np.flatnonzero(rows[0, :LENGTH])[-1]) + 1
    assert size < LENGTH
    padded[0, size - 10 : LENGTH] = 0
    assert not np.array_equal(numbers_of(padded)[0], found[0])


def test_at_any_heart_rate_the_next_beat_is_seen_where_it_is_due() -> None:
    at = np.arange(LENGTH)

    def beat(interval: int, following: int) -> np.ndarray:
        pulses = sum(np.exp(-(((at - middle) / (interval / 20)) ** 2)) for middle in (0, following))
        return np.where(at < interval * 1.2, 20 + 230 * np.minimum(pulses, 1), 0)

    usual = {interval: beat(interval, interval) for interval in (60, 120)}
    rows = [(interval, share) for interval in usual for share in (1.0, 0.85)]
    found = numbers_of(
        np.stack([np.concatenate([beat(i, round(i * share)), usual[i]]) for i, share in rows]).astype(np.uint8)
    )
    where = found[:, -2]  # of the stretched beat, from sample 120 on
    assert np.allclose(where[[0, 2]], (LENGTH / 1.2 - 120) / (LENGTH - 120), atol=0.03)
    assert np.allclose(where[[1, 3]], (LENGTH / 1.2 * 0.85 - 120) / (LENGTH - 120), atol=0.03)


def test_few_patients_are_spread_so_that_rare_kinds_are_not_left_out_together(datasets: Path) -> None:
    public = TASK.public()
    paced = len(CLASSES) - 1
    for split in folds(public, 6, 0):
        assert (public.y[split.training] == paced).sum() > 1000


def test_what_spoke_for_a_beat_lies_where_it_differs(home: object, datasets: Path) -> None:
    from data.intake.signal import read_signals

    register_shipped()
    version = champion(TASK.name)
    assert version is not None
    recording = read_signals("s.zip", packed(datasets / "ecg_strips_mitbih", "mit119_1"))[0]
    reading = read_strip(recording)
    rows, _ = beat_rows(recording, reading)
    answers = answer_beats(TASK, recording, reading)
    number = next(i for i, beat in enumerate(answers) if beat.letter == "V")
    chosen = answers[number].prediction.chosen
    weights = where_it_looked(load_model(version.id), rows[number], chosen)
    assert np.isfinite(weights).all() and weights.max() > 0
    assert len(weights) == int(np.flatnonzero(rows[number, :LENGTH])[-1]) + 1
