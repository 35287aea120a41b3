"""A language model and its base side by side, and the way to the companion, which checks what such a model writes."""

import time
from typing import TYPE_CHECKING

import streamlit as st

from components.links import link
from components.plain_text import plain
from models.task import Task
from models.versions import VersionError, VersionView, load_model

if TYPE_CHECKING:
    from models.language.adapted import Adapted

EXAMPLES = ("What are the symptoms of gout?", "How is asthma treated?", "Who is at risk of osteoporosis?")
WARNING = (
    "A language model of this size states false medicine fluently. What stands here is not checked and not for "
    "clinical use; the companion looks for emergencies first, gives the model passages to word, and shows no sentence "
    "that no passage backs."
)


def ask_language(_task: Task, version: VersionView, *, key: str) -> None:
    """Draw the question and, once it is asked, what the base and the federated model write."""
    st.warning(WARNING, icon=":material/warning:")
    link("Ask it in the companion", "chatbot.py", key=f"{key}_companion", icon=":material/forum:")
    with st.form(f"{key}_ask", border=False):
        question = st.text_input(
            "Question", EXAMPLES[0], key=f"{key}_question", max_chars=300, help=f"For example: {EXAMPLES[1]}"
        )
        pressed = st.form_submit_button("Compare base and federated model", type="primary", key=f"{key}_compare")
    if pressed and question.strip():
        _compare(question.strip(), version)


def _compare(question: str, version: VersionView) -> None:
    from rag.guardrails import red_flag
    from rag.guardrails.scope import out_of_scope

    if flag := red_flag(question):
        st.error(f"**{plain(flag.title)}.** {plain(flag.advice)}", icon=":material/emergency:")
        return
    if refusal := out_of_scope(question):
        st.info(plain(refusal.text))
        return
    try:
        with st.spinner("Reading the model, the first time some seconds"):
            base, ours = _networks(version)
    except VersionError as error:
        st.error(str(error))
        return
    left, right = st.columns(2, gap="large")
    with left:
        _write("The base, as it comes", base, question)
    with right:
        _write(f"Federated, {version.label}", ours, question)
    _figures(version)


def _networks(version: VersionView) -> "tuple[Adapted, Adapted]":
    """Return the base (with fresh adapters, which change nothing) and the federated model; both stay in memory."""
    from models.language.adapted import Adapted

    ours = load_model(version.id).network
    assert isinstance(ours, Adapted)
    return _base(), ours


@st.cache_resource(show_spinner=False)
def _base() -> "Adapted":
    from models.language.adapted import Adapted
    from models.language.base import base
    from models.language.lora import Lora

    return Adapted(base(), Lora.of_settings()).eval()


def _write(title: str, network: "Adapted", question: str) -> None:
    from models.language.base import base
    from models.language.writing import pieces

    st.markdown(f"**{title}**")
    began, place, text = time.perf_counter(), st.empty(), ""
    for piece in pieces(network.model, base().tokenizer, question):
        text += piece
        place.markdown(plain(text))
    st.caption(f"{time.perf_counter() - began:.1f} s, not checked")


def _figures(version: VersionView) -> None:
    score = version.manifest.get("scores", {}).get("loss")
    if score:
        st.caption(
            f"The federated model's loss on held-out answers is {score['value']:.3f} nats a token (95 % interval "
            f"{score['low']:.3f} to {score['high']:.3f}). A lower loss says that it words answers as the sources do, "
            "not that they are true."
        )
