"""The champion of the task ``symptoms`` as a reader of complaints, for the symptoms page and the API."""

from rag.symptoms.assess import TextModel


def reader() -> TextModel | None:
    """Return the reader, or None while no champion of the task serves."""
    return None
