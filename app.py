"""Composition root: pages, API and the worker's life in one ASGI application.

``streamlit run app.py`` and ``uvicorn app:app`` both serve it.
"""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount

from api import auth
from api.application import create_api
from api.headers import SafeHeaders, keep_queries_out_of_the_log
from fl.supervisor import Supervisor
from fl.worker_status import worker_status
from settings import ROOT

QUIET_SECONDS = 4.0  # time for the first page; then what the first clicks need is loaded

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Prepare the installation, keep the worker alive while the app serves, and end it with the app."""
    await asyncio.to_thread(prepare)
    supervisor = Supervisor()
    supervisor.start()
    warm_up = threading.Timer(QUIET_SECONDS, warm)
    warm_up.daemon = True
    warm_up.start()
    try:
        yield None
    finally:
        warm_up.cancel()
        await asyncio.to_thread(supervisor.stop)


def prepare() -> None:
    """Bring the database up to date and fill in what every installation has."""
    from accounts.people import demo_people
    from data.database import migrate
    from models.versions import register_shipped

    migrate()
    register_shipped()
    demo_people()


def warm() -> None:
    """Load what first clicks would wait for: checking a request, answering for a patient, finding passages."""
    import data.intake.table  # noqa: F401  imports pandas and pandera
    from fl import runs
    from models.predict import predict
    from models.registry import tasks
    from models.versions import VersionError, champion
    from rag import readiness

    runs.prepare()
    for task in tasks().values():
        try:
            if not task.encoder and champion(task.name) is not None:  # a picture's network waits for a picture
                predict(task, task.generate(1).x)
        except VersionError as error:
            log.warning("%s cannot answer: %s", task.name, error)
    _spare_the_collector()
    companion = readiness.prepare()
    while not companion.ready and not companion.error:
        time.sleep(0.5)
    _spare_the_collector()


def _spare_the_collector() -> None:
    """Keep what was loaded for good out of garbage collection.

    Streamlit collects after every run of a page; over the objects of PyTorch, SHAP and the embedding model that took
    0.6 s a click.
    """
    gc.collect()
    gc.freeze()


keep_queries_out_of_the_log()
app = st.App(
    ROOT / "pages" / "navigation.py",
    lifespan=lifespan,
    middleware=[Middleware(SafeHeaders)],
    routes=[*auth.routes, Mount("/api", app=create_api(lambda: worker_status().alive))],
)
