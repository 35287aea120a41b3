"""The rows of a prediction request, as JSON or as a CSV file, checked by the same rules as a contribution."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from api.problems import Problem, sentence_of
from api.schemas import MAX_CSV_ROWS, MAX_TEXTS, Cell, Rows
from data.table import Column, FloatArray, TableSchema, Texts
from data.texts import unpack_texts

MOST_PROBLEMS = 50  # named in one answer


async def csv_of(request: Request, schema: TableSchema) -> bytes:
    """Return the request's rows as a CSV file, whichever way they came."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = Rows.model_validate_json(await request.body())
        except ValidationError as error:
            raise Problem(422, sentence_of(error.errors())) from None
        return to_csv(body.rows, schema)
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=1) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Problem(422, "The form has no file; send the CSV in the field 'file'.")
            return await file.read()
    raise Problem(415, "Send application/json with rows, or multipart/form-data with a CSV in the field 'file'.")


async def texts_of(request: Request, wanted: Texts) -> list[str]:
    """Return the request's texts, whichever way they came; raises Problem that never repeats one."""
    from data.intake.labelled_texts import LABEL, TEXT, check_labelled_texts  # brings in pandas

    schema = TableSchema((Column(TEXT, "Text", "", 0, 0, 0),), LABEL)
    raw = await csv_of(request, schema)
    report = await run_in_threadpool(check_labelled_texts, raw, wanted, ("",), source="API", labelled=False)
    if report.dataset is None:
        raise Problem(422, str(report.problems[0])[:1].upper() + str(report.problems[0])[1:])
    if len(report.dataset) > MAX_TEXTS:
        raise Problem(413, f"There are {len(report.dataset)} texts; {MAX_TEXTS} are the most at a time.")
    return unpack_texts(report.dataset.x)


async def named_file_of(request: Request) -> tuple[str, bytes]:
    """Return name and content of the one file of a form; raises Problem when there is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Problem(415, "This task answers files: send multipart/form-data with one in the field 'file'.")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Problem(422, "The form has no file; send it in the field 'file'.")
        return file.filename or "file", await file.read()


async def file_of(request: Request) -> bytes:
    """Return the one file of a form; raises Problem when there is none."""
    return (await named_file_of(request))[1]


def to_csv(rows: Sequence[Mapping[str, Cell]], schema: TableSchema) -> bytes:
    """Write rows (column name to value) as a CSV file; raises Problem for a column the task has not or misses."""
    optional = {column.name for column in schema.columns if column.nullable}
    for number, row in enumerate(rows, 1):
        if unknown := sorted(set(row) - set(schema.names)):
            raise Problem(422, f"Row {number}: there is no column {unknown[0]!r}; /api/tasks lists the columns.")
        if missing := [name for name in schema.names if name not in row and name not in optional]:
            raise Problem(422, f"Row {number}: column {missing[0]!r} is missing.")
    text = io.StringIO()
    writer = csv.DictWriter(text, schema.names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def checked(raw: bytes, schema: TableSchema) -> FloatArray:
    """Return the inputs (n, d) of a CSV file without label; raises Problem that names row, column, value and rule."""
    from data.intake.table import check_csv  # brings in pandas

    report = check_csv(raw, schema, source="API", labelled=False)
    if report.dataset is None:
        named = [asdict(problem) for problem in report.problems[:MOST_PROBLEMS]]
        first = str(report.problems[0])
        also = f" There are {report.problem_count} problems in all." if report.problem_count > 1 else ""
        raise Problem(422, first[0].upper() + first[1:] + also, problems=named)
    if len(report.dataset) > MAX_CSV_ROWS:
        raise Problem(413, f"The file has {len(report.dataset)} rows; {MAX_CSV_ROWS} are the most at a time.")
    return report.dataset.x
