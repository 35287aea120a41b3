"""The cases beside an answer are the nearest training cases of public data, and only where the licence permits."""

import re
from typing import Any

import numpy as np
import pytest

from data.partition import hold_out
from models.encoding import encoded
from models.registry import get_task, task_names
from models.similar import COUNT, MOST, NoCases, similar_cases, why_none
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


def test_a_picture_is_compared_by_what_the_model_sees_of_it(datasets: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.similar.MOST", 40)  # each takes a fifth of a second to encode
    task = get_task("breast_ultrasound")
    public = task.public()
    first = hold_out(public).training[0]
    found = similar_cases(task, champion_of(task.name), public.x[first])
    assert found.cases[0].distance == pytest.approx(0, abs=1e-2) and found.cases[0].x.dtype == np.uint8
    again = similar_cases(task, champion_of(task.name), public.x[first])
    assert [case.distance for case in again.cases] == [case.distance for case in found.cases]


def test_encoding_tells_how_far_it_is_and_what_a_run_has_kept_is_not_encoded_anew(
    datasets: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = get_task("breast_ultrasound")
    seen: list[int] = []

    def encode(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen.append(len(x))
        return x.reshape(len(x), -1)[:, ::97].astype(np.float32)

    class Model:
        def preparation(self, task: object, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return x

    monkeypatch.setattr(type(task), "encode", lambda self, x: encode(x))
    monkeypatch.setattr("models.similar.load_model", lambda version_id: Model())
    monkeypatch.setattr("models.similar.MOST", 40)
    public = task.public()
    training = hold_out(public).training
    told: list[tuple[int, int]] = []
    found = similar_cases(task, 1, public.x[training[1]], check=lambda done, of: told.append((done, of)))
    assert found.among == 40 < len(training) <= MOST and told == [(0, 40), (32, 40)]

    encoded(task, public, keep=True)  # as a run does
    told.clear()
    seen.clear()
    found = similar_cases(task, 1, public.x[training[1]], check=lambda done, of: told.append((done, of)))
    assert not told and seen == [1] and found.among == len(training)
    assert found.cases[0].distance == 0 and (found.cases[0].x == public.x[training[1]]).all()


def test_a_click_while_cases_are_encoded_ends_the_search(datasets: object) -> None:
    class Clicked(BaseException):
        pass

    def check(done: int, of: int) -> None:
        raise Clicked

    task = get_task("breast_ultrasound")
    with pytest.raises(Clicked):
        similar_cases(task, champion_of(task.name), task.public().x[0], check=check)


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
