"""The companion: ask in lay words, get sentences with their sources, or be told to call for help."""

import time
from dataclasses import replace

import streamlit as st

from accounts.allowance import allowance_of
from accounts.conversations import ConversationError
from accounts.people import UserView
from accounts.permissions import Action
from components import theme
from components.answer_acts import answer_acts
from components.answer_card import answer_card, as_written, growing
from components.answering import Answering
from components.gate import current_person, may
from components.picture_talk import MOST_MEGABYTES, TYPES, kinds, look_at, text_and_picture
from components.provider_menu import provider_menu, provider_of_person, where_it_goes
from components.question_file import question_file
from components.scroll_here import scroll_here
from components.talk import Talk, ask, history_menu, keep_last, start_anew, stop, talk_of
from data.database import now
from models.language.companion import offer_champion
from rag import readiness
from rag.answer import DISCLAIMER, LONGEST_QUESTION, Answer, QuestionError
from rag.embedding import EmbeddingMissing
from rag.export import to_markdown
from rag.guardrails import red_flag, red_flag_at_once
from rag.index import shipped_titles
from rag.llm.choice import ChoiceError
from rag.llm.outgoing import outgoing

WIDTH = 760
KINDS = {"condition": "Conditions", "test": "Tests", "drugs": "Medicines", "first_aid": "First aid"}
SUGGESTIONS = (
    "What are the signs of a stroke?",
    "How is type 2 diabetes treated?",
    "Why do my knees hurt in the morning?",
    "Which foods have a lot of iron?",
    "Do antibiotics help against flu?",
)


def heading(person: UserView | None, talk: Talk) -> None:
    """Title, and what can be done with the conversation."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if talk.turns:
            st.subheader("Companion", anchor=False, width="content")
        st.space("stretch")
        if talk.turns:
            st.button(
                "New",
                icon=":material/edit_square:",
                help="Start a new conversation",
                type="tertiary",
                on_click=start_anew,
            )
        provider_menu(person)
        if person and may(Action.KEEP_CONVERSATIONS):
            history_menu(person, talk)
        if talk.turns:
            st.download_button(
                "Export",
                to_markdown(talk.turns, now()),
                "conversation.md",
                "text/markdown",
                icon=":material/download:",
                help="Save this conversation as Markdown",
                on_click="ignore",
                type="tertiary",
            )


def welcome(person: UserView | None) -> None:
    """Say what the companion can do, before the first question."""
    titles = shipped_titles()
    theme.page(
        "What would you like to know?",
        f"The companion answers from {sum(map(len, titles.values()))} articles about conditions, tests, medicines and "
        "first aid, sentence by sentence, with the public pages where each can be checked. If it has no source, "
        "it says so.",
    )
    st.space("small")
    with st.container(horizontal=True, gap="small"):
        for number, suggestion in enumerate(SUGGESTIONS):
            st.button(suggestion, key=f"suggestion-{number}", on_click=ask, args=(suggestion,))
    with st.expander("What it knows about", icon=":material/menu_book:"):
        for kind, name in KINDS.items():
            st.markdown(f"**{name}**  \n{' · '.join(titles[kind])}")
    question_file(person)
    option = provider_of_person()
    if option.kind == "extractive":
        st.caption("No language model writes here: answers are taken word for word from the articles.")
    else:
        st.caption(
            f"{as_written(option.name)} words the answers; each sentence is checked against its source. "
            f"{where_it_goes(option)}"
        )


def wait_until_ready() -> None:
    """Show how far the preparation is; the first question after a start may wait for it some seconds."""
    state = readiness.prepare()
    if state.ready:
        return
    shown = st.empty()
    while not state.ready and not state.error:
        text = "Reading the articles for the first time" if state.total else "Getting ready for the first question"
        shown.progress(state.done / state.total if state.total else 0.0, f"{text} …")
        time.sleep(0.1)
    shown.empty()
    if state.error:
        st.error(state.error, icon=":material/error:")
        st.stop()


def answer_last(person: UserView | None, talk: Talk) -> None:
    """Answer the question that waits at the end of the conversation, and keep both for signed-in people."""
    question = talk.turns[-1][0]
    if talk.answering is None:
        if talk.calm or not _is_emergency(question):
            if not looked(talk):
                finish(person, talk, Answer("", provider="Model Hive", abstained=True))
                return
            wait_until_ready()
            if not talk.look and not may_leave(talk):
                return
        earlier = [(asked, given.text) for asked, given in talk.turns[:-1] if given]
        allowance = allowance_of(person.id if person else None, st.context.ip_address)
        asked = talk.look.question if talk.look else question
        kind = talk.cleared or provider_of_person().kind
        talk.answering = Answering(asked, earlier, kind, allowance, nobody_in_danger=talk.calm)
    follow(talk.answering)
    error, given = talk.answering.error, talk.answering.latest
    talk.answering, talk.cleared, talk.calm = None, "", False
    if isinstance(error, QuestionError | ChoiceError):
        talk.turns.pop()
        st.warning(str(error), icon=":material/edit:")
        return
    if error or given is None:
        raise error or RuntimeError("no answer came")
    finish(person, talk, given)


def looked(talk: Talk) -> bool:
    """Let a model look at an attached picture first; False when it gave no result that could be explained."""
    if talk.picture:
        with st.spinner("A model is looking at the picture …"):
            talk.look = look_at(talk.picture)
        talk.picture = None
        if talk.look.shown:
            talk.shown[len(talk.turns) - 1] = talk.look.shown
    return talk.look is None or bool(talk.look.question)


def finish(person: UserView | None, talk: Talk, given: Answer) -> None:
    """Put an answer that is whole on the page, and keep it for signed-in people."""
    results = talk.look.results if talk.look else ()
    talk.turns[-1] = (talk.turns[-1][0], replace(given, results=results))
    talk.unseen = talk.picture if given.red_flag else None
    talk.look = talk.picture = None
    if person and may(Action.KEEP_CONVERSATIONS):
        try:
            keep_last(person, talk)
        except ConversationError as problem:
            st.toast(str(problem), icon=":material/error:")
    st.rerun()


def _is_emergency(question: str) -> bool:
    if red_flag_at_once(question):
        return True
    try:
        with st.spinner("Reading the question …"):
            return red_flag(question) is not None  # needs the encoder, but no index
    except EmbeddingMissing:
        return False  # what is missing is said below


def may_leave(talk: Talk) -> bool:
    """Whether the question may go to the provider; asks first when personal data would be taken out of it."""
    option = provider_of_person()
    if not option.place or talk.cleared:
        return True
    earlier = [(asked, given.text) for asked, given in talk.turns[:-1] if given]
    sent = outgoing(talk.turns[-1][0], earlier)
    if not sent.kinds:
        return True
    with st.container(border=True):
        st.markdown(f"**Before this goes to {as_written(option.place)}**")
        taken = ", ".join(dict.fromkeys(entry.kind for entry in sent.question.taken)) or "from earlier turns"
        st.markdown(f"Personal data stays here (taken out: {taken}). This would be sent:")
        st.markdown(f"> {as_written(sent.question.text)}")
        with st.container(horizontal=True):
            st.button("Send it like this", key="send", type="primary", on_click=_clear, args=(talk, option.kind))
            st.button("Answer on this machine", key="stay", on_click=_clear, args=(talk, "extractive"))
    return False


def _clear(talk: Talk, kind: str) -> None:
    talk.cleared = kind


def follow(answering: Answering) -> None:
    """Show the answer as it grows until it is whole, with a way to stop it."""
    shown, acts = st.empty(), st.empty()
    drawn: object = None
    offered = False
    while not answering.done.wait(0.05):
        if not offered and answering.seconds > 0.3:  # what is there at once needs no button
            acts.button("Stop", key="stop", icon=":material/stop_circle:", on_click=stop)
            offered = True
        now = (answering.latest, int(answering.seconds))
        if now == drawn:
            continue
        with shown.container():
            if answering.latest and answering.latest.paragraphs:
                growing(answering.latest)
            st.caption(f"{as_written(provider_of_person().name)} · {now[1]} s …")
        drawn = now
    shown.empty()
    acts.empty()


def show(person: UserView | None, talk: Talk) -> None:
    """Show all questions and answers, and what could be asked next."""
    for number, (question, given) in enumerate(talk.turns):
        if number and number == len(talk.turns) - 1:
            scroll_here(2 * number + (given is not None), key="newest")  # when asked, and when answered
        with st.chat_message("user", avatar=":material/person:"):
            st.markdown(as_written(question))
        if given:
            with st.chat_message("assistant", avatar=":material/menu_book:"):
                answer_card(given, anchor=f"source-{number}", picture=talk.shown.get(number))
                answer_acts(person, talk, number, given)
        elif number < len(talk.turns) - 1:
            with st.chat_message("assistant", avatar=":material/menu_book:"):
                st.caption("Not answered, since the next question came first.")
                st.button("Ask again", key=f"again-{number}", on_click=ask, args=(question,))
    last = talk.turns[-1][1]
    asked = {question for question, _ in talk.turns}
    if last and (unasked := [question for question in last.follow_ups if question not in asked]):
        with st.container(horizontal=True, gap="small"):
            for number, follow_up in enumerate(unasked):
                st.button(follow_up, key=f"follow-{len(talk.turns)}-{number}", on_click=ask, args=(follow_up,))


offer_champion()
person = current_person()
talk = talk_of(person)
readiness.prepare()

with st.bottom, st.container(horizontal_alignment="center", gap="xsmall"):
    pictures = kinds() if may(Action.PREDICT) else ()
    typed = st.chat_input(
        "Ask a question" + (", or attach a picture" if pictures else " about health"),
        max_chars=LONGEST_QUESTION,
        width=WIDTH,
        accept_file=bool(pictures),
        file_type=TYPES,
        max_upload_size=MOST_MEGABYTES,
    )
    stays = "" if person else " This conversation is gone when you close or reload the page."
    st.caption(DISCLAIMER + stays, width=WIDTH)
if typed:
    ask(*text_and_picture(typed))

with st.container(horizontal_alignment="center"), st.container(width=WIDTH):
    heading(person, talk)
    first = st.empty()  # emptied at once when the first question comes, instead of fading behind it
    if not talk.turns:
        with first.container():
            welcome(person)
    else:
        show(person, talk)
        if talk.turns[-1][1] is None:
            with st.chat_message("assistant", avatar=":material/menu_book:"):
                answer_last(person, talk)
