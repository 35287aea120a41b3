"""The API as one FastAPI application, mounted under ``/api``: guarded, limited, documented without the internet."""

from collections.abc import Callable

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from api import problems
from api.guard import guard
from api.limits import BodyLimit
from api.reference import CONTENT_POLICY, reference_page
from api.routes import router

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
    api.add_middleware(BodyLimit)
    problems.install(api)
    api.include_router(router)

    @api.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse({**api.openapi(), "servers": [{"url": "/api"}]})

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(api.openapi()), headers={"Content-Security-Policy": CONTENT_POLICY})

    return api
