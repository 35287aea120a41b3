"""Many rows of a table, answered some at a time."""

import pandas as pd

from data.table import FloatArray
from models.predict import predict_rows
from models.task import Task

AT_ONCE = 2000


class RowBatch:
    """Rows on their way, and the answers of those that have been answered, in their order.

    Parameters
    ----------
    x : (n, d) rows in the schema's units and order, NaN where missing.
    """

    def __init__(self, task: Task, x: FloatArray) -> None:
        self.total = len(x)
        self.left = len(x)
        self._rows = pd.DataFrame(x, columns=list(task.schema.names))
        self._answered: list[pd.DataFrame] = []

    def answer_next(self, task: Task, *, version_id: int) -> None:
        """Answer the next rows.

        Raises
        ------
        models.predict.InputError, models.versions.VersionError
            As models.predict.predict does.
        """
        some = self._rows[self.total - self.left :][:AT_ONCE]
        self._answered.append(predict_rows(task, some, version_id=version_id))
        self.left -= len(some)

    def table(self) -> pd.DataFrame:
        """Return the rows that were answered, as models.predict.predict_rows does, numbered from 1 in ``row``."""
        table = pd.concat(self._answered)
        table.insert(0, "row", range(1, len(table) + 1))
        return table
