"""Groq's language models by langchain-groq, with every way in which they can fail put into words.

The client of Groq tries again by itself; it is told not to, so that the page can say what is going on.
"""

import json
import logging
import ssl
import time
from functools import cache, partial

import groq
import httpx
from langchain_groq import ChatGroq
from pydantic import SecretStr

from rag.llm.provider import Failure
from rag.llm.writer import LONGEST_WAIT, Trouble, Writer
from settings import get_settings

MOST_TOKENS = 1024  # of an answer, thoughts of the model included
_LIST_KEPT = 600.0  # seconds
_LIST_PATIENCE = 5.0
_NOT_FOR_TALK = ("whisper", "tts", "guard", "orpheus", "safeguard")
_listed: dict[tuple[str, str], tuple[float, tuple[str, ...]]] = {}

logging.getLogger("groq").setLevel(logging.INFO)  # at DEBUG it writes whole requests into the log


def writer(model: str, place: str) -> Writer:
    """Return the provider that asks ``model`` at Groq, whose host is ``place``, with the key of the settings."""
    patience = get_settings().answer_patience
    reasons = "gpt-oss" in model  # others refuse the parameter
    chat = ChatGroq(
        model_name=model,
        api_key=_key(),
        base_url=get_settings().groq_address,
        temperature=0.0,
        max_tokens=MOST_TOKENS,
        timeout=patience,
        max_retries=0,
        reasoning_effort="low" if reasons else None,
        http_client=groq.DefaultHttpxClient(verify=_certificates()),
        http_async_client=groq.DefaultAsyncHttpxClient(verify=_certificates()),
    )
    return Writer(f"Groq, {model}", place, chat, partial(explain, model=model), patience, translates=True)


def models() -> tuple[str, ...]:
    """Return the models for text that Groq has now, in alphabetical order; asked anew every ten minutes.

    Raises
    ------
    Failure
        With one sentence, when the list cannot be had.
    """
    asked = (get_settings().groq_address, _key().get_secret_value())
    at, known = _listed.get(asked, (0.0, ()))
    if known and time.monotonic() - at < _LIST_KEPT:
        return known
    client = groq.Groq(
        api_key=asked[1],
        base_url=asked[0],
        timeout=_LIST_PATIENCE,
        max_retries=0,
        http_client=groq.DefaultHttpxClient(verify=_certificates()),
    )
    try:
        found = sorted(entry.id for entry in client.models.list().data)
    except Exception as error:  # every way it can fail has its sentence
        raise Failure(explain(error, model="").sentence) from None
    known = tuple(name for name in found if not any(part in name.lower() for part in _NOT_FOR_TALK))
    _listed[asked] = (time.monotonic(), known)
    return known


@cache
def _certificates() -> ssl.SSLContext:
    """Read whom to trust once, not twice for each answer as the clients would."""
    return httpx.create_ssl_context()


def explain(error: Exception, *, model: str) -> Trouble:
    """Return what an exception of the client means, whether to try again, and when."""
    match error:
        case groq.AuthenticationError() | groq.PermissionDeniedError():
            return Trouble("Groq refused the key; an administrator has to set a valid one.", again=False)
        case groq.NotFoundError():
            return Trouble(f"Groq has no model {model}; an administrator can choose another.", again=False)
        case groq.RateLimitError():
            wait = _retry_after(error.response)
            when = f"; it asks to wait {wait:.0f} seconds" if wait else ""
            return Trouble(f"Groq has too much to do{when}.", again=wait <= LONGEST_WAIT, wait=wait or 1.0)
        case groq.InternalServerError():
            return Trouble(f"Groq has a fault of its own (status {error.status_code}).", wait=0.5)
        case groq.APIStatusError():
            return Trouble(f"Groq did not take the request (status {error.status_code}).", again=False)
        case groq.APITimeoutError() | httpx.TimeoutException():
            return Trouble("Groq did not answer in time.", again=False)
        case groq.APIConnectionError():
            return Trouble("Groq cannot be reached.", wait=0.5)
        case groq.APIError() | httpx.HTTPError():
            return Trouble("The answer of Groq broke off.")
        case json.JSONDecodeError() | UnicodeDecodeError() | KeyError() | TypeError():
            return Trouble("Groq sent something unreadable.")
        case ValueError():  # LangChain's word for a stream without a chunk
            return Trouble("Groq gave an empty answer.")
        case _:
            return Trouble(f"Groq could not be asked ({type(error).__name__}).", again=False)


def _key() -> SecretStr:
    key = get_settings().groq_api_key
    return SecretStr(key.get_secret_value().strip() if key else "")


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that the header asks to wait; 0 when it says nothing that can be read."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
