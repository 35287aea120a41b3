"""The companion on the command line: its sources (ingest, sources, remove, reindex), search, and answers (ask).

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on stderr says what), 130 cancelled.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.answer import QuestionError, answer
from rag.article import ArticleError
from rag.embedding import EmbeddingMissing
from rag.llm.choice import KINDS, ChoiceError
from rag.retrieve import Found

if TYPE_CHECKING:
    from rag.sources.document import Reading


class InputError(ValueError):
    """A file or an argument is wrong; the message is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        result: dict[str, Any] = options.run(options)
    except (InputError, ArticleError, QuestionError, ChoiceError) as error:
        print(error, file=sys.stderr)
        return 2
    except EmbeddingMissing as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return 130
    if options.json:
        written = json.dumps(result, ensure_ascii=False, indent=2)
        if options.json == "-":
            print(written)
        else:
            Path(options.json).write_text(written + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rag", description="Cited answers from the companion's sources.")
    commands = parser.add_subparsers(required=True, metavar="ingest | sources | remove | reindex | search | ask")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        made.add_argument(
            "--json", nargs="?", const="-", metavar="FILE", help="write one JSON object (- or nothing: print)"
        )
        return made

    ingest = command("ingest", _ingest, "Add a source: JSONL, Markdown, HTML or PDF, or a folder of such files.")
    ingest.add_argument("path", type=Path)
    command("sources", _sources, "List what the companion answers from.")
    remove = command("remove", _remove, "Remove a source that was added.")
    remove.add_argument("name", help="as in python -m rag sources")
    reindex = command("reindex", _reindex, "Read a source again and embed all of it anew.")
    reindex.add_argument("name", help="as in python -m rag sources")
    search = command("search", _search, "Show the passages nearest to a question.")
    search.add_argument("question", nargs="?")
    search.add_argument("--file", type=Path, help='questions, one JSON object {"question": ...} a line')
    search.add_argument("--source", metavar="NAME", help="look only at this source, as in python -m rag sources")
    search.add_argument("--k", type=int, default=5, help="how many passages (default 5)")
    ask = command("ask", _ask, "Answer a question with its sources.")
    ask.add_argument("question")
    ask.add_argument(
        "--provider",
        default="",
        metavar="NAME",
        help=f"who words the answer: {', '.join(KINDS)} (default: what this installation prefers)",
    )
    return parser


def _ingest(options: argparse.Namespace) -> dict[str, Any]:
    from rag.library import add, files_in

    begun = time.perf_counter()
    return _added(options, add(files_in(options.path), _progress), begun)


def _sources(options: argparse.Namespace) -> dict[str, Any]:
    from rag.index import open_index
    from rag.library import sources

    open_index(_progress)
    found = sources()
    if options.json != "-":
        for entry in found:
            state = f"added {entry.added_at} UTC" if entry.added_at else "comes with MedHive"
            state = state if entry.complete else "incomplete"
            print(f"{entry.name}: {_amounts(entry.documents, entry.passages)}, {state}")
    return {"sources": [asdict(entry) for entry in found]}


def _remove(options: argparse.Namespace) -> dict[str, Any]:
    from rag.library import remove

    remove(options.name)
    if options.json != "-":
        print(f"{options.name} is removed.")
    return {"removed": options.name}


def _reindex(options: argparse.Namespace) -> dict[str, Any]:
    from rag.library import reindex

    begun = time.perf_counter()
    return _added(options, [reindex(options.name, _progress)], begun)


def _added(options: argparse.Namespace, readings: Sequence["Reading"], begun: float) -> dict[str, Any]:
    from rag.library import counted

    documents, passages = counted(readings)
    dropped: Counter[str] = sum((Counter(reading.dropped) for reading in readings), Counter())
    seconds = round(time.perf_counter() - begun, 2)
    if options.json != "-":
        left_out = "".join(f", {count} {reason} left out" for reason, count in dropped.items())
        print(f"{_amounts(documents, passages)}{left_out}, {seconds} s")
    return {
        "sources": [reading.name for reading in readings],
        "documents": documents,
        "passages": passages,
        "dropped": dict(dropped),
        "seconds": seconds,
    }


def _amounts(documents: int, passages: int) -> str:
    return f"{documents:,} document{'s' * (documents != 1)}, {passages:,} passage{'s' * (passages != 1)}"


def _search(options: argparse.Namespace) -> dict[str, Any]:
    from rag.index import open_index
    from rag.library import sources
    from rag.retrieve import search

    if options.k < 1:
        raise InputError(f"--k is {options.k}; it must be 1 or more.")
    if bool(options.file) == bool(options.question):
        raise InputError("Give either a question or --file with questions.")
    if options.source and options.source not in {entry.name for entry in sources()}:
        raise InputError(f"There is no source {options.source}; see python -m rag sources.")
    questions = _questions(options.file) if options.file else [options.question]
    index = open_index(_progress)
    results = []
    for question in questions:
        begun = time.perf_counter()
        found = search(question, options.k, index=index, source=options.source)
        results.append(_result(found, time.perf_counter() - begun))
        if options.json != "-":
            print("" if found.enough else "(below the floor: the companion would not answer)")
            for hit in found.hits:
                print(f"{hit.score:6.3f}  {hit.passage.title} / {hit.passage.section}: {hit.passage.sentences[0].text}")
    return results[0] if not options.file else {"results": results}


def _result(found: Found, seconds: float) -> dict[str, Any]:
    hits = [
        {
            "id": hit.passage.id,
            "source": hit.passage.source or "MedHive",
            "document": hit.passage.article.removeprefix(f"{hit.passage.source}:"),
            "title": hit.passage.title,
            "section": hit.passage.section,
            "score": hit.score,
            "text": hit.passage.text,
            "urls": list(dict.fromkeys(link.url for line in hit.passage.sentences for link in line.links if link.url)),
        }
        for hit in found.hits
    ]
    return {"question": found.question, "enough": found.enough, "seconds": round(seconds, 4), "hits": hits}


def _questions(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text.") from error
    questions = []
    for number, line in enumerate(lines, 1):
        try:
            question = json.loads(line)["question"] if line.strip() else None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f'{path.name}, line {number}: must be a JSON object with "question".') from error
        if question:
            questions.append(str(question))
    if not questions:
        raise InputError(f"{path.name} holds no question.")
    return questions


def _ask(options: argparse.Namespace) -> dict[str, Any]:
    from models.language.companion import offer_champion

    offer_champion()
    given = answer(options.question, progress=_progress, provider=options.provider)
    if options.json != "-":
        print(given.text)
        for source in given.sources:
            print(f"[{source.number}] {source.title} ({source.section}) {source.url}")
        print(f"\n{given.provider} · {given.seconds:.2f} s · {given.disclaimer}")
        if given.notice:
            print(given.notice)
    return given.to_json()


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rIndexing document {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
