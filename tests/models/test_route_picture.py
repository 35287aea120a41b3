"""A picture without a word goes to the model that looks at such pictures, or to none."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.intake.pictures import NotAPicture
from data.partition import hold_out
from models.registry import get_task, tasks
from models.route_picture import picture_tasks, route_picture
from models.versions import register_shipped


def png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


@pytest.mark.parametrize("name", [name for name, task in tasks().items() if task.pictures])
@pytest.mark.slow
def test_a_real_picture_goes_to_the_tasks_that_look_at_such(name: str, home: object, datasets: Path) -> None:
    register_shipped()
    task = get_task(name)
    public = task.public()
    some = hold_out(public).heldout
    routes = [route_picture(png(public.x[row])) for row in some[:: max(1, len(some) // 10)][:10]]
    assert task.pictures is not None
    alike = {each.name for each in tasks().values() if each.pictures and each.pictures.kind == task.pictures.kind}
    right = [name in (found := {each.name for each in route.tasks}) and found <= alike for route in routes]
    assert sum(right) >= 8  # one in ten may be unusual
    good = next(route for route in routes if route.tasks)
    assert good.refusal == "" and len(good.pictures) == len(good.tasks)


def test_what_no_model_knows_is_said_so_with_what_can_be_looked_at(home: object) -> None:
    register_shipped()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    route = route_picture(png(noise))
    assert route.tasks == ()
    assert route.refusal.startswith("I can look at a breast ultrasound, a chest X-ray")
    assert route.refusal.endswith(", and this is none of them.")


def test_without_a_champion_no_picture_is_looked_at(home: object) -> None:
    assert picture_tasks() == []
    assert route_picture(png(np.zeros((64, 64), np.uint8))).refusal == "No model here looks at pictures."


def test_what_is_no_picture_is_refused_by_its_reader(home: object) -> None:
    register_shipped()
    with pytest.raises(NotAPicture, match="no PNG, JPEG or DICOM"):
        route_picture(b"%PDF-1.7 nothing to see")


def test_each_class_of_a_picture_task_is_explained_by_a_question() -> None:
    for task in tasks().values():
        if task.pictures is None:
            continue
        assert len(task.explained_by) == len(task.classes)
