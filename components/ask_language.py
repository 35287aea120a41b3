"""A language model, its base and what a site has alone, side by side; and the way to the companion, which checks."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from components.links import link
from components.plain_text import plain
from components.similar_cases import no_cases
from components.theme import number
from models.task import Task
from models.versions import VersionError, VersionView, alone_weights, load_model

if TYPE_CHECKING:
    from models.language.adapted import Adapted
    from rag.retrieve import Found

EXAMPLES = ("What are the symptoms of gout?", "How is asthma treated?", "Who is at risk of osteoporosis?")
WARNING = (
    "A language model of this size states false medicine fluently. What stands here is not checked and not for "
    "clinical use; the companion looks for emergencies first, gives the model passages to word, and shows no sentence "
    "that no passage backs."
)
UNKNOWN = (
    "No source of the companion answers this question, so nothing is written: a model of this size would make "
    "something up."
)
NOBODY = "no site alone"


@dataclass(frozen=True)
class Said:
    """What one model wrote. ``loss`` is on held-out answers, None where it was not measured."""

    title: str
    text: str
    seconds: float
    backed: int
    sentences: int
    loss: float | None


def ask_language(task: Task, version: VersionView, *, key: str) -> None:
    """Draw the question and, once it is asked, what the base, one site's own model and the federated model write."""
    st.warning(WARNING, icon=":material/warning:")
    link("Ask it in the companion", "chatbot.py", key=f"{key}_companion", icon=":material/forum:")
    sites = _alone(version)
    with st.form(f"{key}_ask", border=False):
        question = st.text_input(
            "Question", EXAMPLES[0], key=f"{key}_question", max_chars=300, help=f"For example: {EXAMPLES[1]}"
        )
        site = st.selectbox("Beside them, the model of", [*sites, NOBODY], key=f"{key}_site") if sites else NOBODY
        pressed = st.form_submit_button("Write the answers", type="primary", key=f"{key}_compare")
    if not sites:
        st.caption("This version holds no model that a site trained alone.")
    kept = f"{key}_said_{version.id}"
    if pressed and question.strip():
        st.session_state.pop(kept, None)
        found = _asked(question.strip())
        if found is not None:
            st.session_state[kept] = _write_all(task, version, question.strip(), site or NOBODY, found)
    elif kept in st.session_state:
        for column, said in zip(_columns(len(st.session_state[kept])), st.session_state[kept], strict=True):
            with column:
                _show(said)
    if kept in st.session_state:
        st.caption(
            "Loss is what a token of held-out answers costs a model, in nats: lower says that it words answers as the "
            "sources do, not that they are true. Backed are sentences that a passage of the companion supports."
        )
        no_cases(task, key=f"{key}_similar")


@st.cache_data(show_spinner=False, max_entries=4)
def _names(version_id: int) -> tuple[str, ...]:
    return tuple(alone_weights(version_id))


def _alone(version: VersionView) -> tuple[str, ...]:
    """Return the sites whose own models are kept with a version."""
    try:
        return _names(version.id)
    except VersionError:
        return ()  # asking it will say so


def _asked(question: str) -> "Found | None":
    """Return the passages for a question; None after saying why it is not answered."""
    from rag import embedding
    from rag.guardrails import red_flag
    from rag.guardrails.scope import out_of_scope
    from rag.retrieve import search

    with st.spinner("Looking for emergencies and sources"):
        embedding.load()
        flag, refusal = red_flag(question), out_of_scope(question)
        found = None if flag or refusal else search(question)
    if flag:
        st.error(f"**{plain(flag.title)}.** {plain(flag.advice)}", icon=":material/emergency:")
    elif refusal:
        st.info(plain(refusal.text))
    elif found is not None and not found.enough:
        st.info(UNKNOWN, icon=":material/search_off:")
        return None
    return found


def _write_all(task: Task, version: VersionView, question: str, site: str, found: "Found") -> list[Said]:
    try:
        with st.spinner("Reading the model, the first time some seconds"):
            networks = _networks(task, version, site)
    except VersionError as error:
        st.error(str(error))
        return []
    said = []
    for column, (title, network, loss) in zip(_columns(len(networks)), networks, strict=True):
        with column:
            said.append(_write(title, network, question, found, loss))
    return said


def _columns(count: int) -> "list[st.delta_generator.DeltaGenerator]":
    return st.columns(count, gap="large") if count else []


def _networks(task: Task, version: VersionView, site: str) -> "list[tuple[str, Adapted, float | None]]":
    """Return title, network and loss of each model; those of base and federation stay in memory."""
    from models.language.adapted import Adapted
    from models.weights import load_flat

    manifest = version.manifest
    ours = load_model(version.id).network
    assert isinstance(ours, Adapted)
    curve, benefit = manifest.get("curve") or [{}], manifest.get("benefit", {})
    found = [("The base, as it comes", _fresh(task.name), curve[0].get("loss"))]
    if site != NOBODY:
        own = task.network()
        assert isinstance(own, Adapted)
        load_flat(own, alone_weights(version.id)[site])
        loss = benefit.get(site, {}).get("local", {}).get("loss", {}).get("value")
        found.append((f"{site} alone", own.eval(), loss))
    loss = manifest.get("scores", {}).get("loss", {}).get("value")
    return [*found, (f"Federated, {version.label}", ours, loss)]


@st.cache_resource(show_spinner=False)
def _fresh(task: str) -> "Adapted":
    """Return the base with fresh adapters, which change nothing."""
    from models.language.adapted import Adapted
    from models.registry import get_task

    network = get_task(task).network().eval()
    assert isinstance(network, Adapted)
    return network


def _write(title: str, network: "Adapted", question: str, found: "Found", loss: float | None) -> Said:
    from models.language.backing import backed_by
    from models.language.base import base
    from models.language.writing import pieces
    from rag.index import open_index

    place = st.empty()
    began, text = time.perf_counter(), ""
    for piece in pieces(network.model, base().tokenizer, question):
        text += piece
        place.markdown(f"**{plain(title)}**\n\n{plain(text)}")
    seconds = time.perf_counter() - began
    judged = backed_by([hit.passage for hit in found.hits], open_index(), text)
    said = Said(title, text, seconds, judged.backed, judged.sentences, loss)
    with place.container():
        _show(said)
    return said


def _show(said: Said) -> None:
    st.markdown(f"**{plain(said.title)}**")
    st.markdown(plain(said.text) or "It wrote nothing.")
    words = f"{said.backed} of {said.sentences} sentences backed · {said.seconds:.1f} s · not checked"
    st.caption(words if said.loss is None else f"Loss {number(said.loss)} · {words}")
