"""The HTTP interface, mounted under ``/api``."""

from fastapi import FastAPI

api = FastAPI(title="MedHive", docs_url=None, redoc_url=None)


@api.get("/health")
def health() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok"}
