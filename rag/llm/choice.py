"""Which provider answers: what there is on this installation, what an administrator chose, what a person asks for."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from rag.llm.extractive import Extractive
from rag.llm.provider import Provider
from settings import get_settings

Kind = Literal["groq", "local", "federated", "extractive"]
KINDS: tuple[Kind, ...] = ("groq", "local", "federated", "extractive")


class ChoiceError(ValueError):
    """What was chosen is not to be had; the message is one sentence."""


@dataclass(frozen=True)
class Option:
    """A provider that can be chosen: its name, and where the question goes (empty: nowhere)."""

    kind: Kind
    name: str
    place: str


@dataclass(frozen=True)
class Chosen:
    """What an administrator chose for everybody; an empty field leaves it to the settings."""

    kind: str = ""
    groq_model: str = ""


Offered = tuple[Callable[[], "Option | None"], Callable[[], Provider]]
_OFFERED: dict[str, Offered] = {}  # by those above, who know models


def offer(kind: Kind, option: Callable[[], Option | None], make: Callable[[], Provider]) -> None:
    """Offer a provider that this package cannot make; ``option`` says what it is, None while it is not to be had."""
    _OFFERED[kind] = option, make


def options() -> tuple[Option, ...]:
    """Return the providers of this installation; the first answers when nobody chooses."""
    found = [Option("extractive", "Word for word from the sources", "")]
    found += [option for find, _ in _OFFERED.values() if (option := find()) is not None]
    if model := get_settings().local_model:
        found.insert(0, Option("local", f"Local model, {model.rstrip('/').rpartition('/')[2]}", ""))
    if has_groq_key():
        found.insert(0, Option("groq", f"Groq, {groq_model()}", _groq_host()))
    first = chosen().kind or get_settings().companion_provider
    return tuple(sorted(found, key=lambda option: option.kind != first))


def choose(wanted: str = "") -> Provider:
    """Return the provider ``wanted``, or the first there is; raises ChoiceError for one that is not to be had."""
    there = {option.kind: option for option in options()}
    kind = wanted or next(iter(there))
    if kind not in there:
        names = ", ".join(there)
        raise ChoiceError(f"There is no provider {kind!r} on this installation; choose one of {names}.")
    if kind == "groq":
        from rag.llm import groq  # brings LangChain, some seconds

        return groq.writer(groq_model(), _groq_host())
    if kind == "local":
        from rag.llm import local

        return local.of_settings(get_settings().local_model)
    if kind in _OFFERED:
        return _OFFERED[kind][1]()
    return Extractive()


def has_groq_key() -> bool:
    """Whether a key is set; one of blanks is none."""
    key = get_settings().groq_api_key
    return bool(key and key.get_secret_value().strip())


def groq_model() -> str:
    """Return the model asked at Groq."""
    return chosen().groq_model or get_settings().groq_model


def chosen() -> Chosen:
    """Return what an administrator chose; nothing when the file is missing or spoilt."""
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        return Chosen(str(stored["kind"]), str(stored["groq_model"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Chosen()


def keep(choice: Chosen) -> None:
    """Keep the choice for everybody who asks on this installation."""
    if choice.kind and choice.kind not in KINDS:
        raise ChoiceError(f"There is no provider {choice.kind!r}; choose one of {', '.join(KINDS)}.")
    beside = _file().with_suffix(".new")
    beside.write_text(json.dumps(asdict(choice)), encoding="utf-8")
    beside.replace(_file())


def _groq_host() -> str:
    return urlsplit(get_settings().groq_address).hostname or get_settings().groq_address


def _file() -> Path:
    return get_settings().home / "companion.json"
