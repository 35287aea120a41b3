"""Composition root: pages, API and the worker's life in one ASGI application.

``streamlit run app.py`` and ``uvicorn app:app`` both serve it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.routing import Mount

from api import auth
from api.application import create_api
from fl.worker_status import worker_status
from settings import ROOT


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Prepare the installation, keep the worker alive while the app serves, and end it with the app."""
    from accounts.people import demo_people
    from data.database import migrate

    migrate()
    demo_people()
    yield None


app = st.App(
    ROOT / "pages" / "navigation.py",
    lifespan=lifespan,
    routes=[*auth.routes, Mount("/api", app=create_api(lambda: worker_status().alive))],
)
