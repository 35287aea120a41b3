"""What each site gets from the federation against training alone, and what all rows in one place would give.

A site trains its own model itself and sends it. The pooled model is an upper bound for comparison only: it opens the
vault for all sites at once, which nobody could do where sites keep their records apart. Since it takes as many steps a
round as all sites together, it would overfit by the run's number of rounds; it stops at the round with the lowest loss
on the calibration rows.

Where each site standardises by its own mean and deviation, the federated model is scored as that site uses it.
"""

from typing import Any

from fl import sites
from fl.course import Course
from fl.evaluation import calibrated, calibration_loss
from fl.local import POOLED, keeps_its_own, train_alone
from models.metrics import Interval
from models.registry import get_task

Benefit = dict[int, dict[str, dict[str, Any]]]


def measure(course: Course, federated: dict[str, Interval]) -> Benefit:
    """Return position → {"local": scores, "federated": scores}, and -1 → {"pooled": scores}.

    Scores are those of calibrated probabilities on the held-out rows, with intervals, as JSON. A site that trained
    further has "personal" too, see fl.personal.
    """
    task = get_task(course.request.task)
    ours = _as_json(federated)
    found: Benefit = {}
    assert course.snapshot is not None
    for position, (weights, preparation) in sorted(course.alone.items()):
        course.stop.check()
        _, scores = calibrated(task, weights, preparation)
        found[position] = {"local": _as_json(scores), "federated": ours}
        if keeps_its_own(course.request, course.sites[position].samples):
            _, scores = calibrated(task, course.snapshot.weights, preparation)
            found[position]["federated"] = _as_json(scores)
    for position, gained in course.personal.items():
        found.setdefault(position, {"federated": ours})["personal"] = gained
    if course.request.executor == "deployed":  # no rows lie here that could be pooled
        return found
    course.watcher.phase("measuring benefit: all rows pooled")
    parts = [sites.rows_of(course.request, position).rows for position in sorted(course.alone)]
    if parts:
        pooled = sites.join(parts)
        weights, preparation = train_alone(
            course.request, pooled, position=POOLED, stop=course.stop, loss_of=calibration_loss(task)
        )
        _, scores = calibrated(task, weights, preparation)
        found[-1] = {"pooled": _as_json(scores)}
    return found


def _as_json(scores: dict[str, Interval]) -> dict[str, Any]:
    return {name: interval.as_json() for name, interval in scores.items()}
