"""The API as one FastAPI application, mounted under ``/api``: guarded, limited, documented without the internet."""

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse

from api import problems
from api.ask import router as companion
from api.guard import guard
from api.limits import BodyLimit
from api.reference import CONTENT_POLICY, reference_page
from api.routes import router
from settings import cores

DESCRIPTION = (
    "The hive's questions and its models' answers. A research demonstration, not for clinical use. "
    "Calls carry the cookie of a signed-in browser; what a visitor may do needs none."
)


def create_api(worker_alive: Callable[[], bool]) -> FastAPI:
    """Return the API.

    Parameters
    ----------
    worker_alive : says whether the worker process lives; the API itself knows nothing of runs.
    """
    # FastAPI's own documentation pages load scripts from a CDN; ours is one page from this server.
    api = FastAPI(
        title="MedHive",
        version="0.1.0",
        description=DESCRIPTION,
        dependencies=[Depends(guard)],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    api.state.worker_alive = worker_alive
    # so many have a turn at a time; the rest waits here and not in threads, which other addresses need
    api.state.computing = CapacityLimiter(cores())
    api.add_middleware(BodyLimit)
    problems.install(api)
    api.include_router(router)
    api.include_router(companion)

    @api.get("/openapi.json", include_in_schema=False)
    def openapi(request: Request) -> JSONResponse:
        return JSONResponse({**describe(api), "servers": [{"url": base_of(request)}]})

    @api.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        page = reference_page(describe(api), base_of(request))
        return HTMLResponse(page, headers={"Content-Security-Policy": CONTENT_POLICY})

    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; errors come as problem details only, which FastAPI cannot be told."""
    document = api.openapi()
    for methods in document["paths"].values():
        for operation in methods.values():
            for given in operation["responses"].values():
                if problems.MEDIA_TYPE in given.get("content", {}):
                    given["content"].pop("application/json", None)
    return document


def base_of(request: Request) -> str:
    """Return the address under which this API answers the client."""
    return str(request.url.replace(path=request.url.path.rpartition("/")[0], query="", fragment=""))
