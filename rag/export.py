"""A conversation as Markdown, to keep or to show a doctor."""

from collections.abc import Sequence
from datetime import datetime

from rag.answer import DISCLAIMER, Answer


def to_markdown(turns: Sequence[tuple[str, Answer | None]], at: datetime) -> str:
    """Return questions, answers and their sources; ``turns`` are (question, its answer) in order."""
    parts = [f"# Conversation with the MedHive companion\n\n{at:%d %B %Y, %H:%M} UTC. {DISCLAIMER}"]
    for question, answer in turns:
        parts.append(f"## {' '.join(question.split())}")
        if answer is None:
            parts.append("(not answered)")
            continue
        parts += [f"**{result.title}** {' '.join(result.lines)} {result.version}".rstrip() for result in answer.results]
        parts.append(answer.text)
        if answer.red_flag:
            parts.append(f"- [{answer.red_flag.link.title}]({answer.red_flag.link.url})")
        if answer.sources:
            parts.append("\n".join(f"- [{entry.number}] {entry.title}: <{entry.url}>" for entry in answer.sources))
        if answer.notice:
            parts.append(answer.notice)
        parts.append(f"*{answer.provider}, {answer.seconds:.2f} s*")
    return "\n\n".join(parts) + "\n"
