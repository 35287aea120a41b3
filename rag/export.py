"""A conversation as Markdown, to keep or to show a doctor."""

from collections.abc import Sequence
from datetime import datetime

from rag.answer import DISCLAIMER, Answer


def to_markdown(turns: Sequence[tuple[str, Answer | None]], at: datetime) -> str:
    """Return questions, answers and their sources; ``turns`` are (question, its answer) in order."""
    parts = [f"# Conversation with the MedHive companion\n\n{at:%d %B %Y, %H:%M} UTC. {DISCLAIMER}"]
    parts += [turn(question, answer) for question, answer in turns]
    return "\n\n".join(parts) + "\n"


def turn(question: str, answer: Answer | None, heading: str = "") -> str:
    """Return one question with its answer; ``heading`` stands before the question."""
    parts = [f"## {heading}{' '.join(question.split())}"]
    if answer is None:
        return "\n\n".join([*parts, "(not answered)"])
    parts += [f"**{result.title}** {' '.join(result.lines)} {result.version}".rstrip() for result in answer.results]
    parts.append(answer.text)
    if answer.red_flag:
        parts.append(f"- [{answer.red_flag.link.title}]({answer.red_flag.link.url})")
    if answer.sources:
        parts.append("\n".join(f"- [{entry.number}] {entry.title}: <{entry.url}>" for entry in answer.sources))
    if answer.notice:
        parts.append(answer.notice)
    return "\n\n".join([*parts, f"*{answer.provider}, {answer.seconds:.2f} s*"])
