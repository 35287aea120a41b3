"""Image tasks: the same encoding whatever is beside a picture, drawn samples, refusals, and where a model looked."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from data.intake.pictures import Picture, finished
from models.explain.picture import where_it_looked
from models.predict_picture import predict_pictures
from models.registry import get_task, task_names
from models.sources import judge_picture
from models.versions import champion, load_model, register_shipped

NAMES = [name for name in task_names() if get_task(name).pictures is not None]


@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_marked_of_the_right_form_and_the_same_for_the_same_seed(name: str) -> None:
    task = get_task(name)
    assert task.pictures is not None
    first, again, other = task.generate(8, 4), task.generate(8, 4), task.generate(8, 5)
    shape = (8, task.pictures.side, task.pictures.side, *([3] if task.pictures.colour else []))
    assert first.synthetic and first.x.shape == shape and first.x.dtype == np.uint8
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert set(first.y) <= set(range(len(task.classes)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_patients_are_on_one_side_of_the_split(name: str, home: object, datasets: object) -> None:
    from data.partition import hold_out

    task = get_task(name)
    public = task.public()
    assert public.x.dtype == np.uint8 and set(public.y.tolist()) == set(range(len(task.classes)))
    if public.groups is not None:
        split = hold_out(public)
        sides = [{public.groups[row] for row in part} for part in (split.training, split.calibration, split.heldout)]
        assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def test_the_624_test_images_of_the_children_are_held_out_and_never_trained_on(home: object, datasets: object) -> None:
    from data.partition import hold_out

    public = get_task("pneumonia").public()
    split = hold_out(public)
    official = np.load(datasets / "chest_xray_pediatric" / "pediatric_cxr_64.npz")["test_images"]  # type: ignore[operator]
    assert (public.x[split.heldout] == official).all()
    held = {public.row_hashes[row] for row in split.heldout}
    assert not held & {public.row_hashes[row] for row in (*split.training, *split.calibration)}


def test_a_picture_is_encoded_the_same_alone_and_among_others() -> None:
    task = get_task("breast_ultrasound")
    x = task.generate(3).x
    features = task.encode(x)
    assert features.shape == (3, 1152) and features.dtype == np.float32 and np.isfinite(features).all()
    np.testing.assert_allclose(task.encode(x[1:2])[0], features[1], rtol=1e-3, atol=1e-3)


def test_a_real_picture_is_answered_and_other_things_are_refused_in_a_sentence(home: object, datasets: object) -> None:
    from PIL import Image

    task = get_task("pneumonia")
    register_shipped()
    public = task.public()
    assert champion("pneumonia") is not None and public.parts is not None
    real = [Picture(public.x[row], False) for row in np.flatnonzero(public.parts == 2)[:300:30]]
    fundus = Image.open(next((datasets / "fundus_odir" / "normal").glob("*.jpg")))  # type: ignore[operator]
    slices = sorted((datasets / "brain_mri" / "glioma").glob("*.jpg"))[:2]  # type: ignore[operator]
    grey = [np.asarray(Image.open(path).convert("L").resize((64, 64))) for path in slices]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    others = [
        Picture(np.zeros((64, 64), np.uint8), False),
        Picture(noise, False),
        Picture(np.asarray(fundus.convert("L").resize((64, 64))), True),
        Picture(255 - real[0].pixels, False),
        *(Picture(pixels, False) for pixels in grey),
    ]

    answers = predict_pictures(task, [*real, *others])

    assert sum(answer.prediction is not None for answer in answers[: len(real)]) >= 8
    for answer in answers[len(real) :]:
        assert answer.prediction is None and answer.refusal.endswith((".",)), answer
    first = next(answer for answer in answers if answer.prediction is not None)
    assert first.looked is not None and first.looked.shape == (8, 8)
    assert first.looked.min() >= 0 and first.looked.max() <= 1


@pytest.mark.parametrize("name", ["breast_ultrasound", "glaucoma"])
@pytest.mark.slow
def test_many_may_ask_at_once_where_a_model_looked(name: str, home: object) -> None:
    task = get_task(name)
    register_shipped()
    version = champion(name)
    assert version is not None
    model, drawn = load_model(version.id), task.generate(4, seed=3).x
    alone = [where_it_looked(model, picture, 1) for picture in drawn]
    with ThreadPoolExecutor(8) as pool:
        encoding = pool.submit(task.encode, drawn)  # who only asks for an answer goes through the same layers
        at_once = list(pool.map(lambda row: where_it_looked(model, drawn[row % 4], 1), range(12)))
        encoding.result()
    for row, looked in enumerate(at_once):
        np.testing.assert_allclose(looked, alone[row % 4], atol=1e-4)


@pytest.mark.parametrize("name", [name for name in task_names() if get_task(name).pictures is not None])
def test_photographs_are_refused_by_every_task_in_grey_too(name: str) -> None:
    from sklearn.datasets import load_sample_images

    wanted = get_task(name).pictures
    assert wanted is not None
    for photograph in load_sample_images().images:
        grey = photograph.mean(axis=2).astype(np.uint8)
        for part in (photograph, grey, grey[100:324, 200:424]):
            assert judge_picture(get_task(name), finished(part, wanted)).refusal.endswith("gives no answer.")
