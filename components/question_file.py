"""A file of questions on the companion's page: answered one after the other in a thread, and taken away as a file."""

import threading
import time
from collections.abc import Sequence

import streamlit as st

from accounts.allowance import Allowance, allowance_of
from accounts.people import UserView
from components.answer_card import as_written
from components.provider_menu import provider_of_person, where_it_goes
from components.theme import amount, duration
from data.database import now
from rag import readiness
from rag.answer import DISCLAIMER, Answer, QuestionError, TooManyQuestions, answer
from rag.embedding import EmbeddingMissing
from rag.llm.choice import ChoiceError, Option
from rag.llm.outgoing import outgoing
from rag.questions import SUFFIXES, QuestionsError, read_questions
from rag.sheets import in_words, record, whole

MOST = 100  # questions of one file; the command takes any number
_MEGABYTES = 1
_KEY = "question_file"
_FILES = ((".csv", "Answers (CSV)", "text/csv"), (".jsonl", "JSON Lines", "application/jsonl"),
          (".md", "Markdown", "text/markdown"))  # fmt: skip


class FileAnswering:
    """Questions being answered, each as if it were asked alone.

    ``answered`` grows; ``error`` is a sentence on what ended it early; both are final once ``done`` is set.
    """

    def __init__(self, owner: int | None, questions: Sequence[str], provider: str, allowance: Allowance) -> None:
        self.owner = owner
        self.questions = tuple(questions)
        self.answered: list[tuple[str, Answer]] = []
        self.error = ""
        self.done = threading.Event()
        self._begun = time.monotonic()
        self._stopped = threading.Event()
        self._ask = provider, allowance
        threading.Thread(target=self._work, name="answers to a file", daemon=True).start()

    def stop(self) -> None:
        """Leave the rest; what was answered stays."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stopped.is_set()

    def left(self) -> float | None:
        """Return the seconds that remain at the present pace; None before the first answer."""
        count = len(self.answered)
        return (time.monotonic() - self._begun) / count * (len(self.questions) - count) if count else None

    def _work(self) -> None:
        try:
            for question in self.questions:
                given = self._answer(question)
                if given is None:
                    return
                self.answered.append((question, given))
        except (QuestionError, ChoiceError, EmbeddingMissing) as error:
            self.error = f"{error} The rest was not answered."
        except Exception as error:  # the page says it
            self.error = f"It ended with an unexpected {type(error).__name__}; the rest was not answered."
        finally:
            self.done.set()

    def _answer(self, question: str) -> Answer | None:
        provider, allowance = self._ask
        while not self._stopped.is_set():
            try:
                return answer(question, provider=provider, allowance=allowance)
            except TooManyQuestions as many:  # as many a minute as anybody may ask
                self._stopped.wait(many.seconds)
        return None


def question_file(person: UserView | None) -> None:
    """Draw the file that is being answered, or ask for one."""
    owner = person.id if person else None
    going = st.session_state.get(_KEY)
    if isinstance(going, FileAnswering) and going.owner != owner:
        going.stop()
        going = st.session_state[_KEY] = None
    with st.expander("Questions from a file", icon=":material/upload_file:", expanded=going is not None):
        if going is None:
            _form(person)
        elif going.done.is_set():
            _result(going)
        else:
            _live()


def _form(person: UserView | None) -> None:
    st.caption(
        f"Up to {MOST} questions: a .txt with one a line, or a .csv or .jsonl with the column question. Each is "
        "answered as if it were asked alone. Neither file nor answers are kept: take the answers with you."
    )
    file = st.file_uploader(
        "File with questions",
        [suffix.removeprefix(".") for suffix in SUFFIXES],
        max_upload_size=_MEGABYTES,
        key="question_file_chosen",
    )
    if file is None:
        return
    try:
        questions = read_questions(file.getvalue(), file.name)
        if len(questions) > MOST:
            raise QuestionsError(f"{file.name} has {len(questions):,} questions; at most {MOST} can be answered here.")
    except QuestionsError as error:
        st.error(as_written(str(error)), icon=":material/error:")
        return
    option = provider_of_person()
    st.caption(f"{amount(len(questions), 'question')}. {as_written(option.name)}. {where_it_goes(option)}")
    if taken := _personal(questions, option):
        st.caption(f":material/shield_person: Personal data stays here (taken out: {taken}).")
    st.button(
        "Answer them",
        type="primary",
        icon=":material/play_arrow:",
        key="question_file_start",
        on_click=_start,
        args=(person, questions, option.kind),
    )


def _personal(questions: Sequence[str], option: Option) -> str:
    """Return the kinds of personal data that are taken out of questions before they leave this machine."""
    if not option.place:
        return ""
    return ", ".join(dict.fromkeys(kind for question in questions for kind in outgoing(question, ()).kinds))


def _start(person: UserView | None, questions: Sequence[str], provider: str) -> None:
    readiness.prepare()
    owner = person.id if person else None
    allowance = allowance_of(owner, st.context.ip_address)
    st.session_state[_KEY] = FileAnswering(owner, questions, provider, allowance)


@st.fragment(run_every=1.0)
def _live() -> None:
    going: FileAnswering = st.session_state[_KEY]
    if going.done.is_set():
        st.rerun()
    count, total = len(going.answered), len(going.questions)
    left = going.left()
    said = "" if left is None else f", about {duration(left)} left"
    st.progress(
        count / total, f"{count} of {total} answered{said}" if count else "Getting ready for the first question"
    )
    st.button("Stop", icon=":material/stop_circle:", key="question_file_stop", on_click=going.stop)


def _result(going: FileAnswering) -> None:
    if going.error:
        st.error(going.error, icon=":material/error:")
    elif going.stopped:
        st.write(f"Stopped after {len(going.answered)} of {amount(len(going.questions), 'question')}.")
    rows = [record(number, *turn) for number, turn in enumerate(going.answered, 1)]
    if rows:
        st.write(f"{in_words(rows)}.")
        st.dataframe(
            [{"Question": row["question"], "Answer": row["answer"], "Answered by": row["provider"]} for row in rows],
            hide_index=True,
            key="question_file_table",
            alt="Questions with their answers",
        )
        st.caption(DISCLAIMER)
    with st.container(horizontal=True):
        for suffix, label, mime in _FILES if rows else ():
            st.download_button(
                label,
                whole(suffix, going.answered, now()),
                f"answers{suffix}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"question_file{suffix}",
            )
        st.button("Another file", icon=":material/upload_file:", key="question_file_again", on_click=_forget)


def _forget() -> None:
    st.session_state[_KEY] = None
