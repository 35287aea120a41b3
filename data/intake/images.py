"""Many labelled pictures: a ZIP or a folder with ``labels.csv`` or a folder a class, or an npz file with arrays.

``labels.csv`` has the columns file and label, and may have patient, and synthetic (1 for a drawn picture); a label is
the number of a class or its name.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from data.intake.pictures import MOST_BYTES, NotAPicture, finished, read_picture
from data.intake.problems import Problems
from data.intake.table import PREVIEW_ROWS, SYNTHETIC, Report
from data.table import Dataset, Pictures

MOST_PICTURES = 20_000
_MOST_UNPACKED = 2_000_000_000
LABELS = "labels.csv"


@dataclass(frozen=True)
class Files:
    """Files by name, each read when it is looked at."""

    read: Mapping[str, Callable[[], bytes]]

    @classmethod
    def of_zip(cls, raw: bytes) -> "Files":
        """Return what a ZIP holds; raises NotAPicture when it is none, or would unpack to too much."""
        try:
            archive = zipfile.ZipFile(io.BytesIO(raw))
            members = [each for each in archive.infolist() if not each.is_dir() and _counts(each.filename)]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise NotAPicture("The file is no ZIP, or it is cut off.") from None
        if len(members) > MOST_PICTURES + 1:
            raise NotAPicture(f"The ZIP holds {len(members):,} files; {MOST_PICTURES:,} pictures are the most.")
        if sum(each.file_size for each in members) > _MOST_UNPACKED:
            raise NotAPicture(f"The ZIP would unpack to more than {_MOST_UNPACKED // 10**9} GB.")

        def reader(member: zipfile.ZipInfo) -> Callable[[], bytes]:
            def read() -> bytes:
                try:
                    with archive.open(member) as file:
                        return file.read(MOST_BYTES + 1)
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
                    raise NotAPicture("It cannot be unpacked: it is damaged or has a password.") from None
                except Exception:  # zlib.error and what other packings raise
                    raise NotAPicture("It cannot be unpacked: it is damaged.") from None

            return read

        return cls({member.filename: reader(member) for member in members})

    @classmethod
    def of_folder(cls, folder: Path) -> "Files":
        """Return the files below a folder."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        names = {str(path.relative_to(folder)).replace("\\", "/"): path for path in paths}
        return cls({name: path.read_bytes for name, path in names.items() if _counts(name)})


def _counts(name: str) -> bool:
    """Whether a file is meant: not what systems add by themselves."""
    return not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def check_zip(raw: bytes, wanted: Pictures, classes: Sequence[str], *, source: str) -> Report:
    """Check a ZIP of labelled pictures; whatever it holds, this gives a report and raises nothing."""
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        files = Files.of_zip(raw)
    except NotAPicture as error:
        problems = Problems()
        problems.whole_file(str(error))
        return Report(0, problems.listed(), None, pd.DataFrame(), (), sha256, problems.count)
    return check_files(files, wanted, classes, source=source, sha256=sha256)


def check_files(files: Files, wanted: Pictures, classes: Sequence[str], *, source: str, sha256: str = "") -> Report:
    """Check labelled pictures, one by one; the first problem of each is named with its file."""
    problems = Problems()
    labelled = _labels(files, classes, problems)
    pictures, y, names, patients, coloured, notes, drawn = [], [], [], [], 0, set(), False
    for number, (name, label, patient, synthetic) in enumerate(labelled, start=1):
        try:
            picture = read_picture(files.read[name](), wanted)
        except NotAPicture as error:
            problems.add(number, "file", name, str(error))
            continue
        except OSError as error:
            problems.add(number, "file", name, f"It cannot be read: {error.strerror}.")
            continue
        coloured += picture.coloured
        notes |= set(picture.notes)
        pictures.append(picture.pixels)
        y.append(label)
        names.append(name)
        patients.append(patient)
        drawn |= synthetic
    frame = pd.DataFrame({"file": names, "class": [classes[k] for k in y]}).head(PREVIEW_ROWS)
    if not labelled and not problems.count:
        problems.whole_file("There is no picture in it.")
    if problems.count:
        return Report(len(labelled), problems.listed(), None, frame, (), sha256, problems.count)
    groups = tuple(patients) if all(patients) else None
    dataset = Dataset(np.stack(pictures), np.array(y, dtype=np.int64), source, drawn, groups=groups)
    return Report(len(dataset), (), dataset, frame, tuple(_notes(dataset, wanted, coloured, notes)), sha256)


def _notes(dataset: Dataset, wanted: Pictures, coloured: int, found: set[str]) -> list[str]:
    notes = ["These pictures are marked as synthetic and stay so."] if dataset.synthetic else []
    notes += [f"Pictures are kept with {wanted.side} × {wanted.side} pixels; nothing else of the files is kept."]
    if coloured and not wanted.colour:
        notes.append(f"{coloured} of {len(dataset)} pictures are coloured, which is unusual here; they are kept grey.")
    if copies := len(dataset) - len(set(dataset.row_hashes)):
        notes.append(f"{copies} of {len(dataset)} pictures repeat another one.")
    if len(set(dataset.y.tolist())) == 1:
        notes.append("All pictures are of one class: such a site cannot train alone, but it can take part.")
    return [*notes, *(f"In some files: {note[0].lower()}{note[1:]}" for note in sorted(found)[:3])]


def plain_class(text: str) -> str:
    """Return a class name without case and separators, to be compared."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


def class_of(text: str, classes: Sequence[str]) -> int | None:
    """Return the class that a label means, by number or by name; None when it means none."""
    text = text.strip()
    if text.isdecimal() and int(text) < len(classes):
        return int(text)
    named = [plain_class(name) for name in classes]
    return named.index(plain_class(text)) if plain_class(text) in named else None


def class_words(classes: Sequence[str]) -> str:
    """Return numbers and names of all classes, to say what a label may be."""
    return ", ".join(f"{k} ({name})" for k, name in enumerate(classes))


def _labels(files: Files, classes: Sequence[str], problems: Problems) -> list[tuple[str, int, str, bool]]:
    """Return file, class, patient and whether it is drawn of each picture, from labels.csv or else from the folders."""
    lists = [name for name in files.read if PurePosixPath(name).name.lower() == LABELS]
    if not lists:
        return _labels_by_folder(files, classes, problems)
    base = PurePosixPath(min(lists, key=len))
    try:
        text = files.read[str(base)]().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (NotAPicture, UnicodeDecodeError, csv.Error):
        problems.whole_file(f"{LABELS} cannot be read as a table in UTF-8.")
        return []
    if not rows or not {"file", "label"} <= set(rows[0]):
        problems.whole_file(
            f"{LABELS} must have the columns file and label (and may have patient), with a line a picture."
        )
        return []
    found = []
    for number, row in enumerate(rows, start=1):
        given, label = (row.get("file") or "").strip(), (row.get("label") or "").strip()
        name = str(base.parent / given.replace("\\", "/"))
        k = class_of(label, classes)
        if name not in files.read:
            problems.add(number, "file", given, f"{LABELS} names a file that is not there.")
        elif k is None:
            problems.add(number, "label", label, f"A label must be one of {class_words(classes)}.")
        else:
            found.append((name, k, (row.get("patient") or "").strip(), (row.get(SYNTHETIC) or "").strip() == "1"))
    return found


def _labels_by_folder(files: Files, classes: Sequence[str], problems: Problems) -> list[tuple[str, int, str, bool]]:
    found = []
    for number, name in enumerate(sorted(files.read), start=1):
        folder = PurePosixPath(name).parent.name
        k = class_of(folder, classes) if folder else None
        if k is None:
            problems.add(
                number,
                "folder",
                name,
                f"Give {LABELS} with the columns file and label, or put each picture into the folder of its class: "
                f"{class_words(classes)}.",
            )
        else:
            found.append((name, k, "", False))
    return found


def check_arrays(raw: bytes, wanted: Pictures, classes: Sequence[str], *, source: str) -> Dataset:
    """Return the pictures of an npz file: ``x`` or ``images`` (n, h, w[, 3]) uint8, ``y`` or ``labels`` (n,) or (n, 1).

    Raises
    ------
    NotAPicture
        With one sentence that says what is wrong.
    """
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            x = next((arrays[name] for name in ("x", "images", "test_images") if name in arrays), None)
            y = next((arrays[name] for name in ("y", "labels", "test_labels") if name in arrays), None)
    except Exception:
        raise NotAPicture("It is no npz file with plain arrays.") from None
    if x is None or y is None:
        raise NotAPicture("An npz file needs the arrays images and labels, or x and y, or test_images and test_labels.")
    y = y.reshape(-1)
    if x.dtype != np.uint8 or x.ndim not in (3, 4) or x.shape[3:] not in ((), (3,)) or len(x) != len(y) or not len(x):
        raise NotAPicture("images must be (n, height, width) or (n, height, width, 3) bytes, and labels one a picture.")
    if not np.isin(y, range(len(classes))).all():
        raise NotAPicture(f"labels must be {class_words(classes)}.")
    if min(x.shape[1:3]) < 8:
        raise NotAPicture("images must have at least 8 pixels a side.")

    return Dataset(np.stack([finished(each, wanted).pixels for each in x]), y.astype(np.int64), source)


def to_zip(dataset: Dataset) -> bytes:
    """Return pictures as a ZIP with labels.csv that ``check_zip`` reads; synthetic ones are marked as such."""
    from PIL import Image

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        lines = [f"file,label{f',{SYNTHETIC}' if dataset.synthetic else ''}"]
        for number, (pixels, label) in enumerate(zip(dataset.x, dataset.y, strict=True), start=1):
            name = f"picture-{number:05}.png"
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, format="PNG")
            archive.writestr(name, content.getvalue())
            lines.append(f"{name},{label}{',1' if dataset.synthetic else ''}")
        archive.writestr(LABELS, "\n".join(lines) + "\n")
    return out.getvalue()
