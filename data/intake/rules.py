"""What a column may hold: as a sentence for people, and as a pandera schema that finds every cell outside of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.table import Column, TableSchema

_WORDS = {"not_nullable": "it may not be empty"}  # the one check that pandera names itself


class Breach(NamedTuple):
    """A number that its column does not allow: at which position of the frame, in which column, and why not."""

    position: int
    column: str
    why: str  # "", or a few words to be added to the rule


def number(value: float) -> str:
    """Return a limit as people write it: ``90``, ``0.05``, ``1000000``."""
    return f"{value:.10g}" if abs(value) >= 1e10 else f"{value:.10f}".rstrip("0").rstrip(".") or "0"


def wanted(column: Column) -> str:
    """Return what a cell of ``column`` must be: ``a number from 90 to 100 %``."""
    if column.kind == "category":
        *most, last = (f"{code} ({meaning})" for code, meaning in column.levels.items())
        words = f"{', '.join(most)} or {last}" if most else last
    else:
        kind = "a whole number" if column.kind == "integer" else "a number"
        words = f"{kind} from {number(column.low)} to {number(column.high)} {column.unit}".rstrip()
    return f"{words}, or empty where it is not known" if column.nullable else words


def rule(column: Column, why: str = "") -> str:
    """Return the sentence for a cell that is not what its column wants, with the column's own hint."""
    sentence = f"{column.title} must be {wanted(column)}{'; ' if why else ''}{why}."
    return f"{sentence} {column.help}" if column.help else sentence


def label_rule(schema: TableSchema) -> str:
    """Return the sentence for a label that is none of the classes."""
    return f'The label "{schema.label}" must be {label_words(schema)} in every row. {schema.label_help}'.strip()


def label_words(schema: TableSchema) -> str:
    """Return which labels there are: "0 or 1", "a whole number from 0 to 4"."""
    return "0 or 1" if schema.classes == 2 else f"a whole number from 0 to {schema.classes - 1}"


def outside(column: Column, values: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return (n,) for (n,) values, NaN where missing, which ones ``column`` does not allow.

    Limits are taken in the precision of the values: 0.8 written with 32 bits and read again does not exceed 0.8.
    """
    missing = np.isnan(values)
    if column.levels:
        wrong = ~np.isin(values, np.array(list(column.levels), values.dtype))
    else:
        wrong = (values < values.dtype.type(column.low)) | (values > values.dtype.type(column.high))
        if column.kind == "integer":
            wrong |= values != np.rint(values)
    return np.where(missing, not column.nullable, wrong)


def find_breaches(
    frame: pd.DataFrame, schema: TableSchema, known: Mapping[str, NDArray[np.bool_]], most: int
) -> tuple[list[Breach], int]:
    """Find every cell outside its column's rule.

    Parameters
    ----------
    frame : float64 columns named as in the schema, any of them and the label; NaN is a missing value.
    known : for each column, (n,) cells that were named already and are passed over.
    most : how many to return.

    Returns
    -------
    The first breaches by row and then by column of ``frame``, one a cell, and the number of all.
    """
    label = Column(schema.label, "", "", 0, 0, 0, "category", dict.fromkeys(range(schema.classes), ""))
    rules = [column for column in (*schema.columns, label) if column.name in frame]
    if not any(outside(column, frame[column.name].to_numpy()).any() for column in rules):
        return [], 0
    import pandera.pandas as pa  # half a second, and only a file with something to name needs it

    columns = {}
    for column in schema.columns:
        checks = [
            pa.Check.ge(column.low, error="this is too low"),
            pa.Check.le(column.high, error="this is too high"),
        ]
        if column.kind == "integer":
            checks.insert(0, pa.Check(lambda values: values == values.round(), error="this has decimals"))
        if column.kind == "category":
            checks = [pa.Check.isin(list(column.levels), error="this is none of them")]
        columns[column.name] = pa.Column(float, checks, nullable=column.nullable, required=False)
    columns[schema.label] = pa.Column(float, pa.Check.isin(range(schema.classes)), required=False)
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.drop_duplicates(["index", "column"])
        bad = pd.DataFrame(known, index=frame.index).to_numpy()
        places = cases["column"].map(frame.columns.get_loc).to_numpy(dtype=np.int64)
        rows = cases["index"].to_numpy(dtype=np.int64)
        new = np.flatnonzero(~bad[rows, places])
        first = new[np.lexsort((places[new], rows[new]))][:most]
        checks = cases["check"].to_numpy()
        return [
            Breach(int(rows[i]), str(frame.columns[places[i]]), _WORDS.get(checks[i], str(checks[i]))) for i in first
        ], len(new)
    return [], 0
