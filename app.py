"""Composition root: pages, API and the worker's life in one ASGI application.

``streamlit run app.py`` and ``uvicorn app:app`` both serve it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.routing import Mount

from api import auth
from api.application import create_api
from fl.supervisor import Supervisor
from fl.worker_status import worker_status
from settings import ROOT

QUIET_SECONDS = 4.0  # time for the first page; then torch is loaded, so that the first prediction need not wait for it


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Prepare the installation, keep the worker alive while the app serves, and end it with the app."""
    await asyncio.to_thread(prepare)
    supervisor = Supervisor()
    supervisor.start()
    warm_up = threading.Timer(QUIET_SECONDS, load_models)
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


def load_models() -> None:
    """Load the champions, and with them the libraries that answer a prediction."""
    from models.registry import task_names
    from models.versions import champion, load_model

    for name in task_names():
        best = champion(name)
        if best is not None:
            load_model(best.id)


app = st.App(
    ROOT / "pages" / "navigation.py",
    lifespan=lifespan,
    routes=[*auth.routes, Mount("/api", app=create_api(lambda: worker_status().alive))],
)
