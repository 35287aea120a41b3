"""What a table of patients looks like: its columns, and the rows as arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """One input of a table task.

    Parameters
    ----------
    name : column name in a CSV file.
    title : the name in words.
    unit : unit of measurement, empty for none.
    low, high : plausible range, both ends allowed.
    kind : ``number``, ``integer`` or ``category``.
    levels : for categories, code → meaning.
    nullable : whether a value may be missing.
    missing : codes that mean "missing" besides an empty cell, for example ``?``.
    typical : value a form starts with.
    help : one sentence for whoever fills it in.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    typical: float
    kind: Literal["number", "integer", "category"] = "number"
    levels: Mapping[int, str] = field(default_factory=dict)
    nullable: bool = False
    missing: tuple[str, ...] = ()
    help: str = ""

    @property
    def title_with_unit(self) -> str:
        """The name in words and the unit: ``Age (years)``."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table task, in the order of the arrays, and the label column (a class, from 0)."""

    columns: tuple[Column, ...]
    label: str
    label_help: str = ""
    classes: int = 2

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the input columns."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Pictures:
    """What an image task looks at, and how a picture is kept.

    Parameters
    ----------
    kind : what it shows, in words with article: "a chest X-ray".
    side : pixels a side; pictures are squeezed to a square, as public data were.
    colour : whether colours count; else pictures are kept grey.
    """

    kind: str
    side: int
    colour: bool = False


@dataclass(frozen=True)
class Texts:
    """What a text task reads, or a language task reads and writes.

    Parameters
    ----------
    kind : what a record is, in words with article: "a question and its answer", "a complaint in English".
    labelled : what stands beside it in a text task: "what it came from".
    mind : a sentence for whoever asks a model of it, empty for none.
    """

    kind: str
    labelled: str = "what it came from"
    mind: str = ""


@dataclass(frozen=True)
class Dataset:
    """Rows of one task.

    Parameters
    ----------
    x : (n, d) float32 inputs in the schema's units and order; NaN is missing. A task with an encoder may keep what it
        encodes here: (n, height, width) or (n, height, width, 3) uint8 pictures, (n, samples) signals, (n, bytes) uint8
        texts as data.texts packs them.
    y : (n,) int64 class, from 0.
    source : where the rows come from, in words.
    synthetic : True for generated rows.
    natural_sites : (n,) name of the hospital of each row, where the data set has hospitals.
    groups : (n,) whose row it is: a patient's rows all stay on one side of every split.
    parts : (n,) 0 to train on, 1 to calibrate on, 2 held out, where the data set comes with its split.
    digests : (n,) of what the rows were before they were encoded; None where ``x`` is what was given.
    """

    x: NDArray[Any]
    y: IntArray
    source: str
    synthetic: bool = False
    natural_sites: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    parts: IntArray | None = None
    digests: tuple[bytes, ...] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def take(self, index: IntArray) -> "Dataset":
        """Return the rows at ``index`` (k,)."""
        return Dataset(
            self.x[index],
            self.y[index],
            self.source,
            self.synthetic,
            tuple(self.natural_sites[i] for i in index) if self.natural_sites else None,
            tuple(self.groups[i] for i in index) if self.groups else None,
            None if self.parts is None else self.parts[index],
            tuple(self.digests[i] for i in index) if self.digests else None,
        )

    @cached_property
    def row_hashes(self) -> tuple[bytes, ...]:
        """One 16-byte digest a row over its inputs (not its label); equal rows have equal digests."""
        if self.digests is not None:
            return self.digests
        if self.x.dtype == np.uint8:
            x = np.ascontiguousarray(self.x)
        else:
            x = np.ascontiguousarray(np.where(np.isnan(self.x), np.float32("nan"), self.x + np.float32(0)))
        return tuple(hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in x)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over inputs and labels: the same rows in the same order give the same text."""
        digest = hashlib.sha256(b"".join(self.row_hashes))
        digest.update(self.y.astype("<i8").tobytes())
        return digest.hexdigest()
