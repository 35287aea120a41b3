"""Questions in other languages into English for the search, and checked English sentences back into the language."""

from rag.citations import Paragraphs
from rag.language import Language, in_english
from rag.llm.outgoing import outgoing
from rag.llm.provider import Failure, Provider


def question_in_english(question: str, language: Language, provider: Provider | None) -> tuple[str, int]:
    """Return ``question`` in English and the tokens that it took.

    ``provider`` translates, where there is one; without one, or when it fails, the words of usual questions do, and a
    question that they do not know stays as it is.
    """
    if provider is not None:
        sent = outgoing(question, (), private=bool(provider.place)).question
        try:
            told = provider.translate([sent.text], "English")
            return sent.restore(told.texts[0]), told.tokens
        except Failure:  # what it does to the answer is said there
            pass
    return in_english(question, language) or question, 0


def paragraphs_in(language: Language, paragraphs: Paragraphs, provider: Provider) -> tuple[Paragraphs, int]:
    """Return ``paragraphs`` with each sentence in ``language``, and the tokens that it took; raises Failure.

    Numbers of sources stay where they are, since every sentence is translated on its own.
    """
    told = provider.translate([text for lines in paragraphs for text, _ in lines], language.name)
    texts = iter(told.texts)
    return tuple(tuple((next(texts), marks) for _, marks in lines) for lines in paragraphs), told.tokens
