"""Which documents a question names by title or synonym."""

import re
from collections import defaultdict
from collections.abc import Iterable

from rag.article import Passage
from rag.intent import letters

MEDICINES = "drugs"  # the kind of articles about them


class Topics:
    """The titles and synonyms of all documents, ready to be looked up in a question."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._documents: dict[str, set[str]] = defaultdict(set)
        self._medicines: set[str] = set()
        seen: dict[str, str] = {}
        for passage in passages:
            for name in (passage.title, *passage.synonyms):
                if name not in seen:
                    seen[name] = letters(re.sub(r"\(.*?\)", "", name))
                if key := seen[name]:
                    self._documents[key].add(passage.article)
            if passage.kind == MEDICINES:
                self._medicines.add(passage.article)
        self._longest = max((len(key.split()) for key in self._documents), default=0)

    def names(self) -> list[str]:
        """Return all names in small letters, but for those of medicines alone, which are too alike to guess at."""
        return [name for name, documents in self._documents.items() if documents - self._medicines]

    def named(self, question: str) -> dict[str, int]:
        """Return the documents named in ``question``, with the length of the longest such name."""
        found: dict[str, int] = {}
        for name in self.names_in(question):
            for document in self._documents[name]:
                found[document] = max(found.get(document, 0), len(name))
        return found

    def names_in(self, question: str) -> list[str]:
        """Return the names that stand in ``question``, in small letters; a plural counts as its singular."""
        words = letters(question).split()
        found: dict[str, None] = {}
        for start in range(len(words)):
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                phrase = " ".join(words[start:end])
                for name in (phrase, phrase.removesuffix("s")):
                    if name in self._documents:
                        found[name] = None
        return list(found)
