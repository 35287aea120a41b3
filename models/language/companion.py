"""The federated language model as a provider of the companion: base and champion adapter, kept warm in the process.

The companion lies below and knows no models, so it is told here what there is. Whoever serves it calls
``offer_champion`` first.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from models.registry import tasks
from models.task import Task
from models.versions import VersionView, champion, load_model
from rag.llm.choice import Option, offer

if TYPE_CHECKING:
    from rag.llm.provider import Provider

KIND: Final = "federated"


def offer_champion() -> None:
    """Let the companion offer the champion of the first language task that has one; looked up at every question."""
    offer(KIND, _option, _provider)


def _champions() -> Iterator[tuple[Task, VersionView]]:
    for name, task in tasks().items():
        if task.generates and (version := champion(name)) is not None:
            yield task, version


def _option() -> Option | None:
    for _, version in _champions():
        return Option(KIND, f"Federated model (experimental), {version.label}", "")
    return None


def _provider() -> "Provider":
    from rag.llm import local

    option, (_, version) = _option(), next(_champions())
    assert option is not None
    return local.writer(option.name, lambda: _read(version.id))


def _read(version_id: int) -> tuple[Any, Any]:
    """Return tokenizer and model of a version; read once a process, as every version is."""
    from data.public import DataMissing
    from models.language.base import base
    from models.versions import VersionError
    from rag.llm.local import ModelMissing

    try:
        return base().tokenizer, load_model(version_id).network.model
    except (VersionError, DataMissing) as error:
        raise ModelMissing(str(error)) from None
