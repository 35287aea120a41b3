"""Which task a picture belongs to, when nobody has said what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.intake.pictures import Picture, read_picture
from models.registry import tasks
from models.sources import judge_picture, sources
from models.task import Task
from models.versions import champion

_SURE = 1.7  # distance from which on a picture that nobody named is not taken for one; 60 real ones of each task: 1.43


@dataclass(frozen=True)
class Route:
    """Where a picture goes: the tasks that look at such pictures, nearest first; else ``refusal``, a sentence."""

    tasks: tuple[Task, ...] = ()
    pictures: tuple[Picture, ...] = ()  # the picture as each of them sees it
    refusal: str = ""


def picture_tasks() -> list[Task]:
    """Return the image tasks that can answer: with a champion, and knowing what their pictures look like."""
    known = sources()
    return [task for name, task in tasks().items() if task.pictures and name in known and champion(name)]


def route_picture(raw: bytes, there: Sequence[Task] | None = None) -> Route:
    """Return which of the tasks ``there`` (all that can answer) look at such a picture as the file holds.

    Raises
    ------
    data.intake.pictures.NotAPicture
        When the file is none.
    """
    found: list[tuple[float, Task, Picture]] = []
    refusals: dict[str, str] = {}
    there = picture_tasks() if there is None else there
    for task in there:
        assert task.pictures is not None
        picture = read_picture(raw, task.pictures)
        verdict = judge_picture(task, picture)
        if verdict.refusal or verdict.distance > _SURE:
            refusals[task.pictures.kind] = verdict.refusal or f"This is unlike {task.pictures.kind} that I know."
        else:
            found.append((verdict.distance, task, picture))
    if not found:
        kinds = sorted({task.pictures.kind for task in there if task.pictures})
        known = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else ""
        none = "neither" if len(kinds) == 2 else "none of them"
        told = f"I can look at {known}, and this is {none}." if known else ""
        return Route(refusal=told or next(iter(refusals.values()), "No model here looks at pictures."))
    found.sort(key=lambda entry: entry[0])
    kind = found[0][1].pictures
    fitting = [entry for entry in found if entry[1].pictures and kind and entry[1].pictures.kind == kind.kind]
    return Route(tuple(entry[1] for entry in fitting), tuple(entry[2] for entry in fitting))
