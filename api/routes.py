"""The addresses of the API: thin, over the same functions as the pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar, TypeVarTuple, Unpack

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from api import schemas
from api.problems import Problem, documented
from api.rows import checked, csv_of, file_of, named_file_of, texts_of
from models.turns import turn
from settings import get_settings

if TYPE_CHECKING:
    from models.task import Task
    from models.versions import VersionView

router = APIRouter()
Given = TypeVarTuple("Given")
Out = TypeVar("Out")

_FILE = "CSV of rows or texts, without the label; for pictures one PNG, JPEG or DICOM; for ECG ZIP, EDF or CSV."
_PREDICT_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": schemas.Rows.model_json_schema()},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": _FILE}},
            }
        },
    },
}


@router.get("/health", summary="Whether the server works")
def health(request: Request) -> schemas.Health:
    """Say that the server answers, and whether its worker process is alive."""
    return schemas.Health(status="ok", worker=request.app.state.worker_alive(), demo=get_settings().demo)


@router.get("/tasks", summary="The questions the hive answers")
def tasks() -> list[schemas.Task]:
    """List the tasks with their inputs (units, ranges) and the champion that answers, with its scores."""
    from models.registry import tasks as known  # brings in torch

    return [_task_out(task) for task in known().values()]


@router.post(
    "/tasks/{task}/predict",
    summary="Ask a task's champion about one or many patients",
    responses=documented(401, 403, 404, 413, 415, 422, 503),
    openapi_extra={"requestBody": _PREDICT_BODY},
)
async def predict(
    request: Request,
    task: Annotated[str, Path(description="Name of a task, as in /api/tasks.")],
    champion: Annotated[
        bool, Query(description="For an ECG: false leaves out what the champion says of beats, which takes longest.")
    ] = True,
) -> schemas.EcgPredictions | schemas.Predictions:
    """Predict for up to 1000 rows as JSON or 10,000 rows as a CSV file.

    For the first 20 rows the answer says how much each input counted. An image task takes one picture a request, and
    says where it looked; a text task takes rows or a file with the column `text`, up to 100 at a time; an ECG (WFDB
    records in a ZIP, EDF, CSV) has its beats named by rules, and from a minute on also by the champion, unless
    `champion` is false.
    """
    found = await run_in_threadpool(_find, task)
    if not champion and not found.signal:
        raise Problem(422, f"Only an ECG is answered without the champion; leave champion out for {found.name}.")
    if found.pictures is not None:
        return await _compute(request, _predict_picture, found, await file_of(request))
    if found.signal:
        return await _compute(request, _predict_beats, found, champion, *await named_file_of(request))
    if found.generates:
        raise Problem(422, f"{found.name} writes answers: ask the companion, with the provider federated.")
    if found.texts is not None:
        return await _compute(request, _predict_texts, found, await texts_of(request, found.texts))
    raw = await csv_of(request, found.schema)
    return await _compute(request, _predict, found, raw)


@router.get("/models", summary="The model versions, and which of them answer")
def models() -> list[schemas.ModelVersion]:
    """List every model version, newest of each task first, with its scores on held-out rows and who trained it."""
    from models.versions import versions

    return [_version_out(version) for version in versions()]


@router.get(
    "/models/{task}/card", summary="The model card of a task, with its figures", responses=documented(401, 403, 404)
)
def card(task: Annotated[str, Path(description="Name of a task, as in /api/tasks.")]) -> schemas.Card:
    """Give the card as Markdown (use, data, limits, figures of the shipped version), and the champion's figures."""
    from models.card import figures
    from models.versions import champion

    found = _find(task)
    best = champion(found.name)
    known = best is not None and best.manifest.get("scores") and best.manifest.get("created")
    return schemas.Card(
        task=found.name,
        title=found.title,
        licence=found.licence,
        card=found.card,
        champion=_version_out(best) if best else None,
        champion_figures=figures(best.manifest) if best and known else "",
    )


@router.post("/symptoms", summary="What a complaint may come from, and how soon to be seen", responses=documented(422))
def symptoms(given: schemas.Complaint) -> schemas.Assessment:
    """Weigh a complaint: red flags first, ranked possibilities, how soon to be seen, and what to ask next.

    Send the answer to `next_question` in `answers` (or its name in `skipped`) with the same complaint until there is
    no next question. Never a diagnosis and never a dose.
    """
    from models.complaints import reader
    from rag.symptoms.assess import ComplaintError, assess
    from rag.symptoms.table import table
    from rag.symptoms.urgency import Person

    who = Person(given.age, given.sex, given.pregnant, given.lasting, given.strength)
    try:
        found = assess(given.complaint, who, given.answers, frozenset(given.skipped), reader())
    except ComplaintError as error:
        raise Problem(422, str(error)) from None
    question = table().symptoms.get(found.question)
    values = {name: getattr(found, name) for name in schemas.Assessment.model_fields if name != "next_question"}
    return schemas.Assessment.model_validate({**values, "next_question": question}, from_attributes=True)


async def _compute(request: Request, predict: Callable[[Unpack[Given]], Out], *given: *Given) -> Out:
    """Return what ``predict`` gives, in a thread, when its turn comes."""

    def in_turn() -> Out:
        with turn():
            return predict(*given)

    return await to_thread.run_sync(in_turn, limiter=request.app.state.computing)


def _find(name: str) -> "Task":
    from models.registry import UnknownTask, get_task

    try:
        return get_task(name)
    except UnknownTask as error:
        raise Problem(404, str(error)) from None


def _predict(task: "Task", raw: bytes) -> schemas.Predictions:
    from models.predict import InputError
    from models.predict import predict as ask
    from models.versions import VersionError

    try:
        answers = ask(task, checked(raw, task.schema))
    except VersionError as error:
        raise Problem(503, str(error)) from None
    except InputError as error:
        raise Problem(422, str(error)) from None
    return schemas.Predictions(predictions=[schemas.Prediction.model_validate(answer) for answer in answers])


def _predict_texts(task: "Task", texts: list[str]) -> schemas.Predictions:
    from models.predict import InputError
    from models.predict_text import predict_texts
    from models.versions import VersionError

    try:
        answers = predict_texts(task, texts)
    except VersionError as error:
        raise Problem(503, str(error)) from None
    except InputError as error:
        raise Problem(422, str(error)) from None
    return schemas.Predictions(predictions=[schemas.Prediction.model_validate(answer) for answer in answers])


def _predict_beats(task: "Task", champion: bool, filename: str, raw: bytes) -> schemas.EcgPredictions:
    from data.intake.signal import SignalError, read_signals
    from models.ecg.named import LONG, named_beats, reliability, trust
    from models.ecg.strip import UnreadableSignal, read_strip
    from models.predict import NOT_FOR_CLINICAL_USE
    from models.versions import VersionError

    try:
        recording = read_signals(filename, raw)[0]
        reading = read_strip(recording)
    except (SignalError, UnreadableSignal) as error:
        raise Problem(422, str(error)) from None
    read = schemas.EcgReading(
        by="rules",
        lead=recording.leads[reading.lead],
        rate=reading.rate,
        rhythm=[part.rhythm for part in reading.rhythm],
        beats=[schemas.NamedBeat.model_validate(beat) for beat in named_beats(recording, reading)],
        trust=[schemas.Trust.model_validate(each) for each in trust(recording.seconds)],
        reliability=reliability(recording.seconds),
        not_for_clinical_use=NOT_FOR_CLINICAL_USE,
    )
    if not champion or recording.seconds < LONG:
        return schemas.EcgPredictions(predictions=[], ecg=read)
    from models.ecg.answers import answer_beats

    try:
        beats = answer_beats(task, recording, reading)
    except VersionError as error:
        raise Problem(503, str(error)) from None
    plain = [(beat, schemas.Prediction.model_validate(beat.prediction).model_dump()) for beat in beats]
    return schemas.EcgPredictions(
        predictions=[
            schemas.BeatPrediction.model_validate({**kept, "second": beat.second, "letter": beat.letter})
            for beat, kept in plain
        ],
        ecg=read,
    )


def _predict_picture(task: "Task", raw: bytes) -> schemas.Predictions:
    from data.intake.pictures import NotAPicture, read_picture
    from models.predict import InputError
    from models.predict_picture import predict_pictures
    from models.versions import VersionError

    assert task.pictures is not None
    try:
        answer = predict_pictures(task, [read_picture(raw, task.pictures)])[0]
    except VersionError as error:
        raise Problem(503, str(error)) from None
    except (InputError, NotAPicture) as error:
        raise Problem(422, str(error)) from None
    if answer.prediction is None:
        raise Problem(422, answer.refusal)
    assert answer.looked is not None
    looked = [[round(float(value), 3) for value in row] for row in answer.looked]
    plain = schemas.Prediction.model_validate(answer.prediction).model_dump()
    prediction = schemas.PicturePrediction.model_validate({**plain, "looked": looked})
    return schemas.Predictions(predictions=[prediction])


def _version_out(version: "VersionView") -> schemas.ModelVersion:
    manifest = version.manifest
    data = manifest.get("data", {})
    return schemas.ModelVersion(
        task=version.task,
        number=version.number,
        version_id=version.id,
        version=version.label,
        sha256=version.sha256,
        champion=version.champion,
        shipped=version.shipped,
        created=version.created_at,
        run=version.run_id,
        sites=len(data.get("sites", ())),
        rounds=manifest.get("rounds"),
        seed=manifest.get("seed"),
        held_out=manifest.get("n"),
        source=data.get("source", ""),
        synthetic=bool(data.get("synthetic")),
        command=manifest.get("command", ""),
        scores={name: schemas.Score.model_validate(score) for name, score in manifest.get("scores", {}).items()},
    )


def _task_out(task: "Task") -> schemas.Task:
    from models.versions import champion

    best = champion(task.name)
    scores = best.manifest.get("scores", {}) if best else {}
    return schemas.Task(
        name=task.name,
        title=task.title,
        question=task.question,
        modality=task.modality,
        classes=list(task.classes),
        columns=[schemas.Column.model_validate(column) for column in task.schema.columns],
        synthetic_only=task.synthetic_only,
        champion=schemas.Champion(
            version_id=best.id,
            version=best.label,
            sha256=best.sha256,
            scores={name: schemas.Score.model_validate(score) for name, score in scores.items()},
        )
        if best
        else None,
    )
