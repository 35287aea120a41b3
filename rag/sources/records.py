"""Read questions and answers, one JSON object a line, such as MedQuAD's, into documents.

``answer`` (or ``text``) is what is indexed, under the topic ``focus`` (or ``title``). ``id``, ``qtype`` (the kind of
question), ``source`` and ``url`` may stand beside it. ``question`` is not indexed: people ask in other words, and a
measurement with the very questions of the file stays honest.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.article import Article, ArticleError, Link
from rag.sources.clean import cleaned, is_link_list
from rag.sources.document import PREFACE, Reading, document
from rag.sources.names import other_names, title_of
from rag.sources.split import sentences

KIND = "record"
SECTION_OF = {  # what a kind of question asks for, in the words of our own articles where they have one
    "information": "Overview",
    "symptoms": "Symptoms",
    "causes": "Causes and risk factors",
    "exams and tests": "Tests",
    "treatment": "Treatment",
    "susceptibility": "Who is at risk",
    "inheritance": "Inheritance",
    "genetic changes": "Genetic changes",
    "frequency": "How common it is",
    "outlook": "Outlook",
    "prevention": "Prevention",
    "complications": "Complications",
    "stages": "Stages",
    "research": "Research",
    "considerations": "What to know and do",
    "support groups": "Support",
}
_FEWEST_WORDS = 5  # what is shorter says nothing


def read_records(path: Path) -> Reading:
    """Read and clean the records in ``path``.

    Raises
    ------
    ArticleError
        With one sentence that says what is wrong in which line, and what would be right.
    """
    rows = _rows(path)
    dropped: Counter[str] = Counter()
    texts: dict[int, list[str]] = {}
    seen: dict[tuple[str, str], str] = {}
    for place, row in enumerate(rows):
        text = str(row["text"])
        if is_link_list(text):
            dropped["lists of links"] += 1
            continue
        lines = cleaned(sentences(text))
        words = " ".join(lines).lower()
        if len(words.split()) < _FEWEST_WORDS:
            dropped["nothing said"] += 1
        elif (row["title"].lower(), words) in seen:
            dropped["duplicates"] += 1
        else:
            seen[row["title"].lower(), words] = row["id"]
            texts[place] = lines
    also: dict[str, dict[str, None]] = defaultdict(dict)
    for place, lines in texts.items():
        focus = rows[place]["title"]
        opening = lines[:PREFACE] if rows[place]["section"] == "Overview" else ()
        also[focus.lower()].update(dict.fromkeys(other_names(focus, opening)))
    documents = [
        _document(path, rows[place], lines, tuple(also[rows[place]["title"].lower()])) for place, lines in texts.items()
    ]
    if not documents:
        raise ArticleError(f"{path.name}: no record says anything that can be indexed.")
    return Reading(path.name, "records", tuple(documents), dict(dropped))


def _document(path: Path, row: Mapping[str, str], lines: Sequence[str], also: tuple[str, ...]) -> Article:
    title = title_of(row["title"])
    names = tuple(name for name in also if name.lower() != title.lower())
    link = Link(f"{title} ({row['source']})" if row["source"] else title, row["url"])
    return document(path.name, row["id"], KIND, title, names, [(row["section"], lines)], link)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArticleError(f"{path.name}: cannot be read as text in UTF-8.") from error
    rows: list[dict[str, str]] = []
    ids: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(line, f"{path.name}, line {number}")
        if row["id"] in ids:
            raise ArticleError(f"{path.name}, line {number}: the id {row['id']!r} stands in line {ids[row['id']]} too.")
        ids[row["id"]] = number
        rows.append(row)
    if not rows:
        raise ArticleError(f"{path.name}: holds no record; give one JSON object a line.")
    return rows


def _row(line: str, where: str) -> dict[str, str]:
    try:
        given: Any = json.loads(line)
    except ValueError as error:
        raise ArticleError(f"{where}: is not JSON.") from error
    if not isinstance(given, dict):
        raise ArticleError(f'{where}: must be a JSON object with "answer" and "focus".')
    text, title = given.get("answer", given.get("text")), given.get("focus", given.get("title"))
    if not isinstance(text, str) or not isinstance(title, str) or not title.strip():
        raise ArticleError(f'{where}: needs the texts "answer" (or "text") and "focus" (or "title").')
    url = given.get("url") or ""
    if url and not str(url).startswith(("https://", "http://")):
        raise ArticleError(f"{where}: the url must begin with https:// or http://.")
    own = hashlib.sha256(line.encode()).hexdigest()[:16]
    return {
        "id": str(given.get("id") or own),
        "title": title.strip(),
        "text": text,
        "section": SECTION_OF.get(str(given.get("qtype", "")).lower(), str(given.get("qtype") or "Overview")),
        "source": str(given.get("source") or ""),
        "url": str(url),
    }
