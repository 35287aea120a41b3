"""What an answer of Model Hive costs: ``python -m benchmarks hive``.

Warm answers in one process on one thread, many clients of the API at once, the memory of a ZIP of pictures, and which
pictures are refused. Pictures are held-out ones of the public data.
"""

import io
import os
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]
from PIL import Image

from benchmarks.installation import running
from benchmarks.refusals import refusals
from data.database import migrate
from data.intake.pictures import read_picture
from data.partition import hold_out
from data.table import Dataset
from models.picture_batch import MOST, PictureBatch
from models.predict import predict
from models.predict_picture import predict_pictures
from models.registry import get_task
from models.task import Task
from models.versions import champion, register_shipped
from settings import get_settings

PARTS = ("warm", "clients", "batch", "refusals")
TABLES = ("breast_cancer", "diabetes", "heart_disease", "vitals")
PICTURES = ("pneumonia", "breast_ultrasound", "glaucoma", "brain_tumour", "brain_tumour_type")
CLIENTS, EACH = 50, 4  # requests of a client, one after the other


def measure(parts: list[str], count: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of each of ``parts``; ``count`` answers of each kind are timed after one that is not."""
    import torch

    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        kept = os.environ.get("MEDHIVE_HOME")
        os.environ["MEDHIVE_HOME"] = folder
        get_settings.cache_clear()
        try:
            migrate()
            register_shipped()
            for part in parts:
                say(part)
                if part == "warm":
                    found[part] = _warm(count)
                elif part == "clients":
                    found[part] = _clients(Path(folder) / "served")
                elif part == "batch":
                    found[part] = _batch(get_task("breast_ultrasound"))
                else:
                    found[part] = {name: refusals(get_task(name), PICTURES) for name in PICTURES}
        finally:
            os.environ.pop("MEDHIVE_HOME")
            if kept is not None:
                os.environ["MEDHIVE_HOME"] = kept
            get_settings.cache_clear()
    return found


def as_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """Return pixels as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


def heldout(task: Task, count: int) -> Dataset:
    """Return ``count`` held-out rows of the public data, spread over all, generated ones where a task has only such."""
    rows = task.generate(4 * count, seed=1) if task.synthetic_only else task.public()
    held = hold_out(rows).heldout
    return rows.take(held[np.linspace(0, len(held) - 1, count).astype(int)])


def _times(act: Callable[[int], object], count: int) -> dict[str, float]:
    seconds = []
    for number in range(count + 1):  # the first one warms up
        began = time.perf_counter()
        act(number)
        seconds.append(time.perf_counter() - began)
    return summary(seconds[1:])


def summary(seconds: list[float]) -> dict[str, float]:
    """Return median and 95 % quantile in ms, and how many."""
    median, p95 = 1000 * np.quantile(seconds, (0.5, 0.95))
    return {"median_ms": round(float(median), 1), "p95_ms": round(float(p95), 1), "n": len(seconds)}


def _warm(count: int) -> dict[str, dict[str, float]]:
    found = {}
    for name in TABLES:
        task, x = get_task(name), heldout(get_task(name), count + 1).x
        found[f"{name}, explained"] = _times(lambda n, task=task, x=x: predict(task, x[n : n + 1]), count)  # type: ignore[misc]
    for name in PICTURES:
        task = get_task(name)
        files = [as_png(pixels) for pixels in heldout(task, count + 1).x]
        for words, explain in (("alone", False), ("with overlay", True)):

            def act(n: int, task: Task = task, files: list[bytes] = files, explain: bool = explain) -> object:
                assert task.pictures is not None
                return predict_pictures(task, [read_picture(files[n], task.pictures)], explain=explain)

            found[f"{name}, {words}"] = _times(act, count)
    task = get_task("ecg")
    beats = heldout(task, count + 1).x
    found["ecg, one beat"] = _times(lambda n: predict(task, task.encode(beats[n : n + 1]), explain=False), count)
    return found


def _clients(home: Path) -> dict[str, Any]:
    """Return what ``CLIENTS`` clients of the API get at once, of a table task and of an image task."""
    table, picture = get_task("breast_cancer"), get_task("pneumonia")
    rows = [dict(zip(table.schema.names, map(float, row), strict=True)) for row in heldout(table, CLIENTS).x]
    files = [as_png(pixels) for pixels in heldout(picture, CLIENTS).x]
    found = {}
    with running(home) as served:
        process = psutil.Process(served.process.pid)
        bodies: dict[str, Callable[[int], dict[str, Any]]] = {
            table.name: lambda n: {"json": {"rows": [rows[n]]}},
            picture.name: lambda n: {"files": {"file": ("a.png", files[n], "image/png")}},
        }
        for name, body in bodies.items():
            url = f"{served.url}/api/tasks/{name}/predict"
            httpx.post(url, timeout=120, **body(0))  # loads the model
            _wait_for_rest(process)
            before, peak, done = _uss(process), _uss(process), threading.Event()
            seconds: list[float] = []
            statuses: list[int] = []

            def client(
                n: int, url: str = url, body: Callable[[int], dict[str, Any]] = body, to: Any = (seconds, statuses)
            ) -> None:
                with httpx.Client(timeout=120) as http:
                    for _ in range(EACH):
                        began = time.perf_counter()
                        to[1].append(http.post(url, **body(n)).status_code)
                        to[0].append(time.perf_counter() - began)

            with ThreadPoolExecutor(CLIENTS + 1) as pool:
                watched = pool.submit(_peak, process, done)
                for each in [pool.submit(client, n) for n in range(CLIENTS)]:
                    each.result()
                done.set()
                peak = max(peak, watched.result())
            found[name] = {
                **summary(seconds),
                "clients": CLIENTS,
                "not_answered": sum(status not in (200, 422) for status in statuses),
                "refused": statuses.count(422),
                "uss_before_mb": round(before, 1),
                "uss_peak_mb": round(peak, 1),
            }
    return found


def _wait_for_rest(process: psutil.Process, patience: float = 120) -> None:
    """Wait until what an installation prepares in quiet time is done, or until ``patience`` seconds have passed."""
    resting = 0
    for _ in range(int(patience)):
        resting = resting + 1 if process.cpu_percent(1) < 5 else 0
        if resting > 6:  # it begins 4 s after the start
            return


def _uss(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 2**20


def _peak(process: psutil.Process, done: threading.Event) -> float:
    most = 0.0
    while not done.wait(0.2):
        most = max(most, _uss(process))
    return most


def _batch(task: Task) -> dict[str, Any]:
    """Return the most memory that this process held over ZIPs of 100 and of 1000 pictures."""
    version, own = champion(task.name), psutil.Process()
    assert version is not None
    x = heldout(task, 100).x
    found = {}
    for count in (16, 100, MOST):  # the first one warms up
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for n in range(count):
                archive.writestr(f"{n}.png", as_png(np.roll(x[n % len(x)], n // len(x), axis=1)))
        batch, began, before, peak = PictureBatch.of_zip(packed.getvalue()), time.perf_counter(), _uss(own), 0.0
        while batch.left:
            batch.answer_next(task, version_id=version.id)
            peak = max(peak, _uss(own))
        found[str(count)] = {
            "seconds": round(time.perf_counter() - began, 1),
            "uss_before_mb": round(before, 1),
            "uss_peak_mb": round(peak, 1),
            "answered": sum(row.probability is not None for row in batch.rows),
        }
    return {"task": task.name, **found}


def table(found: dict[str, Any]) -> str:
    """Return the figures as lines."""
    lines = []
    for name, each in found.get("warm", {}).items():
        lines.append(f"{name}: median {each['median_ms']} ms, p95 {each['p95_ms']} ms, n = {each['n']}")
    for name, each in found.get("clients", {}).items():
        lines.append(
            f"{each['clients']} clients of {name}: p95 {each['p95_ms']} ms, n = {each['n']}, {each['not_answered']} "
            f"not answered, memory {each['uss_before_mb']} MB before, {each['uss_peak_mb']} MB at most"
        )
    for count in ("100", str(MOST)) if "batch" in found else ():
        each = found["batch"][count]
        lines.append(f"ZIP of {count} pictures: {each['seconds']} s, {each['uss_peak_mb']} MB at most")
    for name, each in found.get("refusals", {}).items():
        lines.append(
            f"{name}: {each['foreign']['refused']} of {each['foreign']['n']} foreign pictures refused, "
            f"{each['own']['refused']} of {each['own']['n']} own"
        )
    return "\n".join(lines)
