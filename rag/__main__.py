"""The companion on the command line: its sources (ingest, sources, remove, reindex), search, and answers (ask).

Exit codes: 0 done, 1 failed, 2 the input is wrong (one line on stderr says what), 130 cancelled.
"""

import argparse
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rag.answer import QuestionError, answer
from rag.article import ArticleError
from rag.embedding import EmbeddingMissing
from rag.llm.choice import KINDS, ChoiceError
from rag.questions import QuestionsError, read_questions
from rag.retrieve import Found

if TYPE_CHECKING:
    from rag.sources.document import Reading


_FILE = "questions: .txt with one a line, .csv or .jsonl with the column question"


class InputError(ValueError):
    """A file or an argument is wrong; the message is one line."""


class Cancelled(KeyboardInterrupt):
    """Ctrl-C came; the message says what is kept."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        result: dict[str, Any] = options.run(options)
    except (InputError, ArticleError, QuestionError, QuestionsError, ChoiceError) as error:
        print(error, file=sys.stderr)
        return 2
    except EmbeddingMissing as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt as cancelled:
        print(str(cancelled) or "Cancelled.", file=sys.stderr)
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
    search.add_argument("--file", type=Path, help=_FILE)
    search.add_argument("--source", metavar="NAME", help="look only at this source, as in python -m rag sources")
    search.add_argument("--k", type=int, default=5, help="how many passages (default 5)")
    ask = command("ask", _ask, "Answer a question, or a file of them, with its sources.")
    ask.add_argument("question", nargs="?")
    ask.add_argument("--file", type=Path, help=f"{_FILE}; the model is read once for all")
    ask.add_argument(
        "--out", type=Path, metavar="FILE", help="where answers to --file go: .jsonl, .csv or .md (default: print them)"
    )
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
    _one_of(options.file, options.question)
    if options.source and options.source not in {entry.name for entry in sources()}:
        raise InputError(f"There is no source {options.source}; see python -m rag sources.")
    questions = _read(options.file) if options.file else [options.question]
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


def _one_of(file: Path | None, question: object) -> None:
    if bool(file) == bool(question):
        raise InputError("Give either a question or --file with questions.")


def _read(path: Path) -> list[str]:
    try:
        return read_questions(path.read_bytes(), path.name)
    except OSError:
        raise InputError(f"{path} cannot be read.") from None


def _ask(options: argparse.Namespace) -> dict[str, Any]:
    from models.language.companion import offer_champion

    _one_of(options.file, options.question is not None)
    offer_champion()
    if options.file:
        return _ask_file(options)
    if options.out:
        raise InputError("--out is for the answers to --file.")
    given = answer(options.question, progress=_progress, provider=options.provider)
    if options.json != "-":
        print(given.text)
        for source in given.sources:
            print(f"[{source.number}] {source.title} ({source.section}) {source.url}")
        print(f"\n{given.provider} · {given.seconds:.2f} s · {given.disclaimer}")
        if given.notice:
            print(given.notice)
    return given.to_json()


def _ask_file(options: argparse.Namespace) -> dict[str, Any]:
    from rag.llm.choice import choose
    from rag.sheets import SHEETS, in_words, record
    from rag.terminal import Answered

    questions = _read(options.file)
    choose(options.provider)  # one that is not to be had is said before anything is written
    suffix = options.out.suffix.lower() if options.out else ".md"
    if suffix not in SHEETS:
        raise InputError(f"--out {options.out}: must end in {', '.join(SHEETS)}.")
    if options.out and options.out.exists() and options.out.samefile(options.file):
        raise InputError("--out must be another file than --file.")
    print_here = not options.out and options.json != "-"
    shown = not (print_here and sys.stdout.isatty())  # else the answers themselves show how far it is
    answered: list[dict[str, Any]] = []
    begun = time.perf_counter()
    try:
        with _opened(options.out, print_here) as file, Answered(len(questions), shown=shown) as progress:
            add = SHEETS[suffix](file, datetime.now(UTC))
            for number, question in enumerate(questions, 1):
                given = answer(question, progress=_progress, provider=options.provider)
                add(number, question, given)
                answered.append(record(number, question, given))
                progress.next()
    except KeyboardInterrupt:
        kept = f" {options.out} holds the answers." if options.out and answered else ""
        raise Cancelled(f"Cancelled after {len(answered)} of {len(questions)} questions.{kept}") from None
    seconds = time.perf_counter() - begun
    print(f"{in_words(answered)}, {seconds:.1f} s{f': {options.out}' if options.out else ''}", file=sys.stderr)
    return {"answers": answered, "seconds": round(seconds, 2)}


@contextmanager
def _opened(path: Path | None, print_here: bool) -> Iterator[TextIO]:
    """Open the file for answers; without one they are printed, or only counted."""
    if path is None:
        yield sys.stdout if print_here else io.StringIO()
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"--out {path} cannot be written: {error.strerror}.") from None
    with file:
        yield file


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rIndexing document {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
