"""How far the rules that name beats can be trusted: cardiologists' marks of MIT-BIH, people kept apart.

What a person's beats are named by is chosen on everybody else: a grid of limits, by the mean F1 of N, S and V over the
others, each of them counting alike. The strips of ten seconds of twelve people are scored, and two records of half an
hour, whole and cut into strips of ten seconds.
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.intake.signal import read_signals
from data.public import DataMissing
from data.signal import Recording
from models.ecg.beats import AAMI, CLASSES
from models.ecg.named import NEAR
from models.ecg.rules import NOT_SURE, Limits, Shapes, name_beats, shapes_of
from models.ecg.strip import UnreadableSignal, read_strip
from settings import get_settings

STRIPS, RECORDS = "ecg_strips_mitbih", "ecg_wfdb_full"
GIVEN = ("N", "S", "V", NOT_SURE)
SECONDS = 10.0
_DRAWS, _SEED = 2000, 0
GRID = [
    Limits(*chosen)
    for chosen in product((0.8, 0.85, 0.9), (1.05, 1.15, 1.3), (0.8, 0.85, 0.9), (0.08, 0.12, 0.2), (1.5, 1.75, 2.0))
]
SETS = {
    "strips": "24 strips of 10 s",
    "pieces": "records 119 and 209, in strips of 10 s",
    "whole": "records 119 and 209, whole",
}
USUAL_OF = (10, 30, 60, 120, 240, 0)  # beats that the champion's usual beat is the median of; 0 for a person's all

Seen = tuple[str, str, Shapes, NDArray[np.int64], NDArray[np.int64]]  # set, person, shapes, which beats, their classes
Tables = Mapping[str, NDArray[np.float64]]  # person → (5, 4) marked classes by given ones


def measure(told: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Return figures of every set, and the limits that everybody together would choose.

    Raises
    ------
    DataMissing
        When the strips or the records are not there.
    """
    seen, unread = _seen()
    told(f"{len(seen)} recordings are read; {len(unread)} are refused.")
    learnt = [_tables([each for each in seen if each[0] != "whole"], limits) for limits in GRID]
    people = sorted({person for _, person, *_ in seen})
    chosen = {person: GRID[_best(learnt, [other for other in people if other != person])] for person in people}
    found: dict[str, Any] = {
        "sets": {},
        "limits": asdict(GRID[_best(learnt, people)]),
        "chosen": {person: asdict(limits) for person, limits in chosen.items()},
        "refused": unread,
        "seed": _SEED,
    }
    for name in SETS:
        tables: dict[str, NDArray[np.float64]] = {}
        for person in people:
            tables |= _tables([each for each in seen if each[:2] == (name, person)], chosen[person])
        found["sets"][name] = _figures(tables)
    told("The champion is asked about beats of people whom it never saw.")
    return found | {"champion": _champion(seen, chosen)}


def table(found: Mapping[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        "| beats of | people | beats | accuracy | F1 of N, S, V | not sure | class | marked | found | right | F1 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, title in SETS.items():
        each = found["sets"][name]
        head = (
            f"| {title} | {each['people']} | {each['n']} | {_words(each['accuracy'])} | {_words(each['judged'])} | "
            f"{each['not_sure']:.1%} |"
        )
        for kind in "NSV":
            line = each["classes"][kind]
            shown = " | ".join("–" if line[k] is None else f"{line[k]:.3f}" for k in ("sensitivity", "precision", "f1"))
            lines.append(f"{head} {kind} | {line['n']} | {shown} |")
            head = "| | | | | | |"
    return "\n".join(lines)


def champion_table(found: Mapping[str, Any]) -> str:
    """Return what the champion makes of people whom it never saw, by how many beats their usual one is known from."""
    champion = found["champion"]
    lines = ["| usual beat of | accuracy | F1 of N, S, V |", "|---|---|---|"]
    for each in champion["usual"]:
        words = f"{each['beats']} beats" if each["beats"] else "all beats of a person"
        lines.append(f"| {words} | {each['accuracy']:.3f} | {each['judged']:.3f} |")
    beside = champion["strips"]
    people = ", ".join(beside["people"])
    return "\n".join(lines) + (
        f"\n\nOn the strips of the people among them ({people}; {beside['n']} beats) the champion is right in "
        f"{beside['champion']}, and the rules in {beside['rules']}."
    )


def _words(score: Mapping[str, float]) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _seen() -> tuple[list[Seen], list[str]]:
    recordings = [("strips", each.name[3:6], each) for each in _read(STRIPS)]
    for record in _read(RECORDS):
        recordings.append(("whole", record.name, record))
        recordings += [("pieces", record.name, piece) for piece in _pieces(record)]
    seen: list[Seen] = []
    unread = []
    for name, person, recording in recordings:
        try:
            reading = read_strip(recording)
        except UnreadableSignal:
            unread.append(recording.name)
            continue
        shapes = shapes_of(recording.lead(reading.lead), recording.rate, reading.peaks)
        which, kinds = [], []
        for at, symbol in zip(recording.peaks.tolist(), recording.symbols, strict=True):
            closest = int(np.abs(reading.peaks - at).argmin())
            if abs(int(reading.peaks[closest]) - at) <= NEAR * recording.rate:
                which.append(closest)
                kinds.append(CLASSES.index(AAMI.get(symbol, "Q")))
        seen.append((name, person, shapes, np.array(which, dtype=np.int64), np.array(kinds, dtype=np.int64)))
    return seen, unread


def _champion(seen: Sequence[Seen], chosen: Mapping[str, Limits]) -> dict[str, Any]:
    from data.partition import hold_out
    from models.ecg.answers import beat_rows
    from models.ecg.beats import LENGTH, beside_usual
    from models.registry import get_task
    from models.stored import read_manifest, read_model

    task = get_task("ecg")
    model = read_model(task.folder, task, read_manifest(task.folder)["sha256"])
    public = task.public()
    whose = np.array(public.groups)
    heldout = hold_out(public).heldout
    people = sorted(set(whose[heldout].tolist()))
    lines = []
    for number in USUAL_OF:
        counts = np.zeros((len(CLASSES), len(CLASSES)))
        for person in people:
            rows = np.flatnonzero(whose == person)  # in the order in which they came
            for part in np.array_split(rows, max(1, round(len(rows) / number)) if number else 1):
                beats = beside_usual((public.x[part, :LENGTH] / 255).astype(np.float32))
                np.add.at(counts, (public.y[part], model.probability(task.encode(beats)).argmax(1)), 1)
        lines.append(
            {"beats": number, "accuracy": float(np.trace(counts) / counts.sum()), "judged": _judged(counts)},
        )
    mine = {person.removeprefix("patient ") for person in people}
    right = {"champion": 0, "rules": 0}
    total = 0
    strips = [each for each in seen if each[0] == "strips"]
    for recording, (_, person, shapes, which, kinds) in zip(_read(STRIPS), strips, strict=True):
        if person not in mine:
            continue
        reading = read_strip(recording)
        cut, peaks = beat_rows(recording, reading)
        given = dict(zip(peaks.tolist(), model.probability(task.encode(cut)).argmax(1).tolist(), strict=True))
        named = name_beats(shapes, chosen[person])
        for at, kind in zip(which.tolist(), kinds.tolist(), strict=True):
            if (peak := int(reading.peaks[at])) in given:  # the last beat of a strip is often cut off
                total += 1
                right["champion"] += given[peak] == kind
                right["rules"] += named[at] == CLASSES[kind]
    scored = sorted({person for _, person, *_ in strips} & mine)
    return {"people": people, "usual": lines, "strips": {"people": scored, "n": total, **right}}


def _read(folder: str) -> list[Recording]:
    place = Path(get_settings().datasets or "") / folder
    files = [path for path in sorted(place.glob("*")) if path.suffix in (".hea", ".dat", ".atr")]
    if not files:
        raise DataMissing(f"{place} has no WFDB records; set MEDHIVE_DATASETS to the folder that holds {folder}.")
    made = []
    for stem in dict.fromkeys(path.stem for path in files):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in files:
                if path.stem == stem:
                    archive.writestr(path.name, path.read_bytes())
        made += read_signals(f"{stem}.zip", packed.getvalue())
    return made


def _pieces(record: Recording) -> list[Recording]:
    size = round(SECONDS * record.rate)
    made = []
    for start in range(0, len(record.samples) - size + 1, size):
        inside = np.flatnonzero((record.peaks >= start) & (record.peaks < start + size))
        made.append(
            replace(
                record,
                name=f"{record.name} from {start / record.rate:.0f} s",
                samples=record.samples[start : start + size],
                peaks=record.peaks[inside] - start,
                symbols=tuple(record.symbols[at] for at in inside),
            )
        )
    return made


def _tables(seen: Sequence[Seen], limits: Limits) -> dict[str, NDArray[np.float64]]:
    found: dict[str, NDArray[np.float64]] = {}
    for _, person, shapes, which, kinds in seen:
        named = name_beats(shapes, limits)
        counts = found.setdefault(person, np.zeros((len(CLASSES), len(GIVEN))))
        np.add.at(counts, (kinds, np.array([GIVEN.index(named[at]) for at in which], dtype=np.int64)), 1)
    return found


def _best(learnt: Sequence[Tables], people: Sequence[str]) -> int:
    return max(
        range(len(learnt)), key=lambda at: _judged(sum(t / t.sum() for p, t in learnt[at].items() if p in people))
    )


def _judged(counts: Any) -> float:
    """Return the mean F1 of N, S and V, of those that were marked or given."""
    both = [float(counts[k].sum() + counts[:, k].sum()) for k in range(3)]
    return float(np.mean([2 * counts[k, k] / total for k, total in enumerate(both) if total]))


def _accuracy(counts: NDArray[np.float64]) -> float:
    return float(np.trace(counts[:3, :3]) / counts.sum())


def _figures(tables: Tables) -> dict[str, Any]:
    stacked = np.stack(list(tables.values()))
    draws = np.random.default_rng(_SEED).integers(0, len(stacked), (_DRAWS, len(stacked)))
    total = stacked.sum(0)

    def with_interval(score: Callable[[NDArray[np.float64]], float]) -> dict[str, float]:
        low, high = np.percentile([score(stacked[each].sum(0)) for each in draws], (2.5, 97.5))
        return {"value": score(total), "low": float(low), "high": float(high)}

    return {
        "people": len(tables),
        "n": int(total.sum()),
        "accuracy": with_interval(_accuracy),
        "judged": with_interval(_judged),
        "not_sure": float(total[:, -1].sum() / total.sum()),
        "classes": {kind: _of_class(total, k) for k, kind in enumerate("NSV")},
        "counts": total.astype(int).tolist(),
        "by_person": {person: {"n": int(t.sum()), "accuracy": _accuracy(t)} for person, t in tables.items()},
    }


def _of_class(total: NDArray[np.float64], k: int) -> dict[str, float | int | None]:
    marked, given, right = float(total[k].sum()), float(total[:, k].sum()), float(total[k, k])
    return {
        "n": int(marked),
        "sensitivity": right / marked if marked else None,
        "precision": right / given if given else None,
        "f1": 2 * right / (marked + given) if marked + given else None,
    }
