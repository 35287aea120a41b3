"""Errors as problem details (RFC 9457): one sentence that says what was wrong and what would be right."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.schemas import ProblemDetails

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request with problem details.

    Parameters
    ----------
    status : HTTP status code.
    detail : one sentence for the person who can act.
    headers : of the response, such as Retry-After.
    more : further members of the answer, JSON-ready, for example the list of faulty values.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more


def answer(status: int, detail: str, instance: str, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """Return problem details as a response."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse({**body, "instance": instance, **(more or {})}, status, media_type=MEDIA_TYPE)


def install(api: FastAPI) -> None:
    """Answer every error of ``api`` with problem details."""

    @api.exception_handler(Problem)
    def _problem(request: Request, error: Problem) -> JSONResponse:
        response = answer(error.status, error.detail, request.url.path, error.more)
        response.headers.update(error.headers)
        return response

    @api.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(422, sentence_of(error.errors()), request.url.path)

    @api.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        sentences = {
            404: "There is nothing at this address; /api/docs lists what there is.",
            405: "This address does not take this method; /api/docs says which it takes.",
        }
        response = answer(error.status_code, sentences.get(error.status_code, str(error.detail)), request.url.path)
        response.headers.update(error.headers or {})
        return response

    @api.exception_handler(Exception)
    def _fault(request: Request, _error: Exception) -> JSONResponse:
        return answer(500, "MedHive could not do this; the server's log says why.", request.url.path)


def sentence_of(errors: Sequence[Any]) -> str:
    """Return pydantic's first complaint as a sentence with the place it is about."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return f"{place or 'The body'}: {first['msg'].rstrip('.')}."


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return, for the documentation of an address, that it answers ``statuses`` with problem details."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {status: {"content": {MEDIA_TYPE: schema}, "model": ProblemDetails} for status in statuses}
