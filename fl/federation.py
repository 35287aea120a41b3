"""Runs one federation from a request to a model with its scores. Knows nothing of databases of runs or of pages."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data.public import DataMissing
from data.table import FloatArray
from fl import sites
from fl.course import Course, known_rows
from fl.privacy.guard import Guard
from fl.request import RequestError, RunRequest
from fl.watcher import Cancelled, QuorumLost, RoundResult, SiteInfo, Snapshot, Stop, Watcher
from models.class_calibration import AnyCalibration
from models.metrics import Interval
from models.preparation import Preparation
from models.registry import get_task
from settings import get_settings

if TYPE_CHECKING:
    from flwr.clientapp import ClientApp

__all__ = ["Cancelled", "Outcome", "QuorumLost", "RequestError", "close", "federate", "warm"]

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What came of a federation.

    Parameters
    ----------
    weights, preparation, calibration : the global model.
    scores : calibrated probabilities on the ``n_heldout`` held-out rows, with intervals.
    rounds : results of the rounds computed here; a resumed run's earlier ones are not among them.
    sites : who took part; samples without the rows they left out or set aside.
    benefit : position → {"local": scores, "federated": scores}, and -1 → {"pooled": scores}; empty when not asked for.
    executor : the one used, never "auto".
    seconds : startup (until the first round began), first_round (until it ended), rounds (all of them), total.
    data : see ``fl.sites.described``.
    last_round : done, fewer than asked for when a privacy budget was spent before.
    classes : scores of each of more than two classes.
    alone : of a language task with benefit, site made from public data → weights of the model it trained by itself.
    """

    weights: FloatArray
    preparation: Preparation
    calibration: AnyCalibration
    scores: dict[str, Interval]
    n_heldout: int
    rounds: list[RoundResult]
    sites: list[SiteInfo]
    benefit: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    executor: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    last_round: int = 0
    classes: list[dict[str, Any]] = field(default_factory=list)
    alone: dict[str, FloatArray] = field(default_factory=dict)


def federate(
    request: RunRequest,
    *,
    watcher: Watcher,
    stop: Stop,
    start: Snapshot | None = None,
    client: "ClientApp | None" = None,
) -> Outcome:
    """Train ``request`` and return the global model with its scores.

    Parameters
    ----------
    watcher : told what happens, from this thread.
    stop : set it from another thread to cancel; the run ends within two seconds.
    start : where to go on; the result is bit-identical to that of a run that was never interrupted.
    client : the sites' ClientApp; another one than fl.client_app's stands for sites that misbehave, in tests.

    Raises
    ------
    RequestError
        Before anything is computed, when the request cannot be carried out.
    Cancelled, QuorumLost
        The snapshot given with the last ``round_done`` stands.
    RuntimeError
        When this process is running a federation already: Flower's identity is global to a process.
    """
    request = request.validated()
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise RuntimeError("this process runs a federation already; wait for its end or use another process")
    try:
        return _federate(request, watcher, stop, start, client)
    except DataMissing as error:
        raise RequestError(str(error)) from None
    finally:
        _ONE_AT_A_TIME.release()


def _federate(
    request: RunRequest, watcher: Watcher, stop: Stop, start: Snapshot | None, client: "ClientApp | None"
) -> Outcome:
    began = time.monotonic()
    watcher.phase("warming up")
    course = Course(request, known_rows(sites.roster(request), start), watcher, stop, start, began)
    Guard(request, course.sites)  # before anything is computed: no noise may be enough
    watcher.sites(course.sites)
    if wrong := [course.sites[position].name for position in sorted(sites.attackers(request))]:
        attack, _, _ = request.attack.partition(":")
        watcher.event(f"Trial of {attack}: {', '.join(wrong)} will go wrong on purpose.", "warning")
    stop.check()
    if get_task(request.task).encoder:
        watcher.phase("computing features, once for all runs")
        sites.encode_public(request.task, stop.check)
    executor = executor_for(request)
    _check_layers(request)
    from fl import benefit, client_app, evaluation

    _execute(executor)(course, client or client_app.app)
    assert course.snapshot is not None
    watcher.phase("scoring on held-out rows")
    calibration, scores = evaluation.calibrated(
        get_task(request.task), course.snapshot.weights, course.snapshot.preparation
    )
    return Outcome(
        weights=course.snapshot.weights,
        preparation=course.snapshot.preparation,
        calibration=calibration,
        scores=scores,
        n_heldout=len(sites.public_rows(request.task, "heldout")),
        rounds=course.rounds,
        sites=list(course.sites),
        benefit=benefit.measure(course, scores) if request.benefit else {},
        executor=executor,
        seconds={**course.seconds, "total": time.monotonic() - began},
        data={
            **sites.described(request, course.sites),
            **evaluation.operating_points(
                get_task(request.task), course.snapshot.weights, course.snapshot.preparation, calibration
            ),
        },
        last_round=course.snapshot.round,
        classes=evaluation.scores_of_classes(
            get_task(request.task), course.snapshot.weights, course.snapshot.preparation, calibration
        ),
        alone=_alone(course),
    )


def _alone(course: Course) -> dict[str, FloatArray]:
    """Return adapters that sites made from public data have alone; what others learned by themselves stays theirs."""
    if not get_task(course.request.task).generates:
        return {}
    public = {site.position: site.name for site in course.sites if site.site_id is None}
    return {public[at]: weights for at, (weights, _) in sorted(course.alone.items()) if at in public}


def _check_layers(request: RunRequest) -> None:
    from fl.local import network_of, normalises

    if request.standardise == "site" and normalises(network_of(request.task)):
        raise RequestError(
            f"standardise site keeps how inputs are standardised at each site, and the network of {request.task} has "
            "batch normalisation of its own, which would still be averaged: choose together."
        )


def executor_for(request: RunRequest) -> str:
    """Return the executor that ``auto`` stands for, or the one asked for.

    Raises
    ------
    RequestError
        When vectorised is asked for and the network cannot be stacked.
    """
    if request.executor not in ("auto", "vectorised"):
        return request.executor
    from fl.local import LARGE, example, network_of
    from fl.together import can_stack

    net = network_of(request.task)
    if request.executor == "vectorised":
        if not can_stack(net, example(request.task)):
            raise RequestError(
                f"executor vectorised cannot stack networks of {request.task}, which draw random numbers, as dropout "
                "does, or keep statistics of a batch: choose auto or in-process."
            )
        return "vectorised"
    if request.dp_epsilon and request.dp_level == "example":  # stacked training has no noise for each row
        return "in-process"
    if len(net.weights) < LARGE:
        once = get_task(request.task).training.sampling == 1  # stacked training takes every row once
        return "vectorised" if once and can_stack(net, example(request.task)) else "in-process"
    return "ray" if get_settings().ray_address else "in-process"


def warm(executor: str = "in-process") -> None:
    """Load what an executor needs, so that a run's first round comes at once; may take seconds.

    ``ray`` starts Ray and its actors, which stay until ``close``; any thread may call this.
    """
    import fl.benefit
    import fl.server_app  # noqa: F401  imports PyTorch and Flower
    from fl.local import warm_up
    from models.registry import task_names

    warm_up()
    for task in task_names():
        if get_task(task).encoder:
            continue  # pictures take memory and seconds
        with suppress(RequestError):  # data that are not there are no matter until somebody asks for them
            sites.public_split(task)
    if executor == "ray":
        from fl.grid import ray_actors

        ray_actors.warm()


def close() -> None:
    """End every process that executors left running for the next run."""
    if module := sys.modules.get("fl.grid.ray_actors"):
        module.close()


def _execute(executor: str) -> "Callable[[Course, ClientApp], None]":
    if executor == "in-process":
        from fl.grid import in_process

        return in_process.execute
    if executor == "vectorised":
        from fl.grid import vectorised

        return vectorised.execute
    if executor == "deployed":
        from fl.grid import deployed

        return deployed.execute
    if executor == "ray":
        from fl.grid import ray_actors

        return ray_actors.execute
    from fl.grid import simulation

    return simulation.execute
