"""The cases beside an answer are the nearest training cases of public data, and only where the licence permits."""

import re

import numpy as np
import pytest

from data.partition import hold_out
from models.registry import get_task, task_names
from models.similar import COUNT, NoCases, similar_cases, why_none
from models.versions import champion, register_shipped

pytestmark = pytest.mark.usefixtures("home")


def champion_of(name: str) -> int:
    register_shipped()
    version = champion(name)
    assert version is not None
    return version.id


def test_a_training_case_finds_itself_and_then_its_nearest_others() -> None:
    task = get_task("breast_cancer")
    public = task.public()
    training = hold_out(public).training
    found = similar_cases(task, champion_of(task.name), public.x[training[7]])
    assert found.among == len(training) and len(found.cases) == COUNT
    first = found.cases[0]
    assert first.distance == 0 and (first.x == public.x[training[7]]).all() and first.label == public.y[training[7]]
    distances = [case.distance for case in found.cases]
    assert distances == sorted(distances) and distances[1] > 0


def test_a_held_out_case_is_never_among_them() -> None:
    task = get_task("breast_cancer")
    public = task.public()
    asked = public.x[hold_out(public).heldout[0]]
    found = similar_cases(task, champion_of(task.name), asked)
    assert all((case.x != asked).any() for case in found.cases)


def test_a_picture_is_compared_by_what_the_model_sees_of_it(datasets: object) -> None:
    task = get_task("breast_ultrasound")
    public = task.public()
    training = hold_out(public).training
    found = similar_cases(task, champion_of(task.name), public.x[training[3]])
    assert found.cases[0].distance == pytest.approx(0, abs=1e-2) and found.cases[0].x.dtype == np.uint8
    again = similar_cases(task, champion_of(task.name), public.x[training[3]])
    assert [case.distance for case in again.cases] == [case.distance for case in found.cases]


@pytest.mark.parametrize("name", task_names())
def test_cases_are_shown_only_under_a_licence_that_was_confirmed(name: str) -> None:
    task = get_task(name)
    why = why_none(task)
    assert bool(why) != task.shows_cases
    if task.shows_cases:
        assert task.licence.startswith(("CC BY 4.0 (", "CC0 ("))
    else:
        with pytest.raises(NoCases, match=re.escape(why)):
            similar_cases(task, 1, np.zeros(3, np.float32))
