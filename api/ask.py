"""POST /api/ask: the companion's answer, whole or sentence by sentence as server-sent events."""

import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import iterate_in_threadpool, run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from accounts.allowance import allowance_of
from accounts.sessions import COOKIE, person_of
from api import schemas
from api.problems import Problem, documented

if TYPE_CHECKING:
    from rag.answer import Answer

router = APIRouter()
EVENTS = "text/event-stream"
_NOT_KEPT = {"Cache-Control": "no-store"}
_STREAM = {"description": "With Accept: text/event-stream, events sentence, again and answer.", "content": {EVENTS: {}}}


@router.post(
    "/ask",
    summary="Ask the companion",
    response_model=schemas.Reply,
    responses={200: _STREAM, **documented(403, 422, 429, 503)},
)
async def ask(request: Request, asked: schemas.Ask) -> Response:
    """Answer a question on health from cited sources; an emergency gets a fixed text at once.

    With the header `Accept: text/event-stream` the answer comes as it is worded: `sentence` adds one, `again` takes
    all of them back since a language model begins anew, `answer` is the whole and last. Nothing is kept or logged.
    """
    left = threading.Event()
    person = await run_in_threadpool(person_of, request.cookies.get(COOKIE))
    address = request.client.host if request.client else None
    growing = _answers(asked, person.id if person else None, address, left)
    first = await run_in_threadpool(_first, growing)
    if EVENTS in request.headers.get("accept", ""):
        return StreamingResponse(_events(first, growing, left), media_type=EVENTS, headers=_NOT_KEPT)
    last = await run_in_threadpool(_last, first, growing)
    return JSONResponse(_reply(last), headers=_NOT_KEPT)


def _answers(asked: schemas.Ask, person: int | None, address: str | None, left: threading.Event) -> "Iterator[Answer]":
    from models.language.companion import offer_champion
    from rag.answer import answers  # brings in the index

    offer_champion()
    history = [(turn.question, turn.answer) for turn in asked.history]
    allowance = allowance_of(person, address)
    return answers(
        asked.question,
        history,
        provider=asked.provider,
        allowance=allowance,
        stopped=left.is_set,
        nobody_in_danger=asked.nobody_in_danger,
    )


def _first(growing: "Iterator[Answer]") -> "Answer":
    from rag.answer import QuestionError, TooManyQuestions
    from rag.embedding import EmbeddingMissing
    from rag.llm.choice import ChoiceError

    try:
        return next(growing)
    except TooManyQuestions as error:
        raise Problem(429, str(error), {"Retry-After": str(max(1, round(error.seconds)))}) from None
    except (QuestionError, ChoiceError) as error:
        raise Problem(422, str(error)) from None
    except EmbeddingMissing as error:
        raise Problem(503, str(error)) from None


def _last(first: "Answer", growing: "Iterator[Answer]") -> "Answer":
    return [first, *growing][-1]


async def _events(first: "Answer", growing: "Iterator[Answer]", left: threading.Event) -> AsyncIterator[str]:
    told: list[tuple[str, tuple[int, ...]]] = []
    last = first
    try:
        for event in _steps(told, first):
            yield event
        async for last in iterate_in_threadpool(growing):
            for event in _steps(told, last):
                yield event
        yield _event("answer", _reply(last))
    finally:
        left.set()  # whoever hung up needs no more of it


def _steps(told: list[tuple[str, tuple[int, ...]]], now: "Answer") -> Iterator[str]:
    """Yield what leads from the sentences ``told`` to those of ``now``, and bring ``told`` up to date."""
    lines = [line for paragraph in now.paragraphs for line in paragraph]
    if lines[: len(told)] != told:
        told.clear()
        yield _event("again", {"notice": now.notice})
    for text, numbers in lines[len(told) :]:
        told.append((text, numbers))
        yield _event("sentence", {"text": text, "sources": list(numbers)})


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _reply(answer: "Answer") -> dict[str, Any]:
    sentences = [
        schemas.Said(text=text, sources=list(numbers)) for paragraph in answer.paragraphs for text, numbers in paragraph
    ]
    named = {name: getattr(answer, name) for name in schemas.Reply.model_fields if hasattr(answer, name)}
    return schemas.Reply.model_validate({**named, "sentences": sentences}, from_attributes=True).model_dump(mode="json")
