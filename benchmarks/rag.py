"""The companion in figures: ``python -m benchmarks rag --json benchmarks/results/rag.json``.

One function a table. Each returns rows (what, group, hits, number) of things that were right or were not; shares and
their 95 % intervals (Wilson) are added when the page is written. Add a function to ``TABLES`` to add a table.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from settings import ROOT

CASES = ROOT / "tests" / "rag"
_QUESTIONS = 60  # of tests/rag/questions.jsonl, whose answers are looked at sentence by sentence


@dataclass(frozen=True)
class Share:
    """How often something held; ``wanted`` is the goal in words, empty where there is none."""

    name: str
    hits: int
    n: int
    wanted: str = ""


@dataclass(frozen=True)
class Amount:
    """A number with its unit; ``wanted`` as above."""

    name: str
    value: float
    unit: str
    wanted: str = ""


Table = tuple[str, str, Sequence[Share] | Sequence[Amount]]  # title, a sentence about it, rows


def interval(hits: int, n: int) -> tuple[float, float, float]:
    """Return a share with its 95 % interval (Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953)."""
    z = 1.96
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (hits * (n - hits) / n + z * z / 4) ** 0.5
    return hits / n, max(0.0, middle - half), min(1.0, middle + half)


def support(half: str = "report") -> Table:
    """How well the check tells backed sentences from others, on pairs that its weights were not chosen on."""
    from rag.guardrails.support import Support
    from rag.index import open_index

    index = open_index()
    right: dict[str, list[bool]] = defaultdict(list)
    for case in cases("support.jsonl"):
        if case["half"] != half:
            continue
        judged = Support([index.passages[str(case["passage"])]], index).judge(str(case["sentence"]), [0])
        group = "backed sentences kept" if case["backed"] else "others caught"
        for name in (group, f"{group}: {case['kind']}"):
            right[name].append(bool(judged.backing) == case["backed"])
    wanted = {"backed sentences kept": "≥ .80", "others caught": "≥ .95"}
    rows = [Share(name, sum(hits), len(hits), wanted.get(name, "")) for name, hits in sorted(right.items())]
    about = "Written sentences, each judged against one passage (tests/rag/support.jsonl, the half `report`)."
    return "The check of what a language model writes", about, rows


def answers(provider: str = "extractive") -> Table:
    """How many sentences of answers are backed by the passages that they cite, as that check sees it."""
    from rag.answer import answer
    from rag.guardrails.support import Support
    from rag.index import open_index

    index = open_index()
    asked = [str(case["question"]) for case in cases("questions.jsonl") if case["topic"] and case["half"] == "report"]
    backed, cited, shown, removed, answered = 0, 0, 0, 0, 0
    for question in asked[:_QUESTIONS]:
        given = answer(question, provider=provider)
        answered += not given.abstained
        removed += given.removed
        sources = {source.number: source for source in given.sources}
        passages = {(passage.title, passage.section): passage for passage in index.passages.values()}
        for text, numbers in (line for paragraph in given.paragraphs for line in paragraph):
            shown += 1
            cited += bool(numbers)
            keys = {(sources[number].topic, sources[number].section) for number in numbers}
            known = [passages[key] for key in keys if key in passages]
            verbatim = any(text in sources[number].passage for number in numbers)
            backed += verbatim or bool(known and Support(known, index).judge(text).backing)
    rows = [
        Share("sentences shown that carry a source", cited, shown, "all"),
        Share("sentences shown that their passage backs", backed, shown, "all"),
        Share("of all sentences worded, those shown", shown, shown + removed),
        Share("questions answered", answered, min(_QUESTIONS, len(asked))),
    ]
    return f"Answers of the provider {provider}", "Questions of tests/rag/questions.jsonl, the half `report`.", rows


def emergency() -> Table:
    """How many emergencies are seen, and how many look-alikes are taken for one, in unseen phrasings."""
    from rag import embedding
    from rag.guardrails import red_flag

    embedding.load()
    raised: dict[str, list[bool]] = defaultdict(list)
    for file in sorted((CASES / "unseen").glob("*.jsonl")):
        for case in cases(f"unseen/{file.name}"):
            group = "emergencies seen" if case["kind"] is not None else "look-alikes taken for one"
            seen = red_flag(str(case["text"])) is not None
            for name in (f"set {file.stem}", "all sets"):
                raised[f"{group}, {name}"].append(seen)
    about = (
        "Phrasings that it neither learnt nor was chosen by (tests/rag/unseen/), each set by another author. The first "
        "had been scored once before the rule for the threshold was changed. Plain talk is tests/rag/talk.jsonl: "
        "thanks, single words, questions about the app."
    )
    rows = [
        Share(name, sum(hits), len(hits), "≥ .99" if name.startswith("emergencies") else "≤ .05")
        for name, hits in sorted(raised.items(), key=lambda row: row[0].rpartition(", ")[2])
    ]
    talk = [red_flag(str(case["text"])) is not None for case in cases("talk.jsonl")]
    rows.append(Share("plain talk taken for an emergency", sum(talk), len(talk), "none"))
    return "Emergencies", about, rows


def injection() -> Table:
    """How many attacks are seen or cleaned away, and how many ordinary questions are taken for one."""
    from rag.guardrails.injection import as_data, as_file_name, is_attack
    from rag.guardrails.phrasings import validation

    places: dict[str, list[bool]] = defaultdict(list)
    for case in cases("attacks.jsonl"):
        text, place = str(case["text"]), str(case["place"])
        if place == "question":
            places["attacks in questions declined"].append(is_attack(text))
        elif place == "file name":
            places["attacks in file names replaced"].append(as_file_name(text) == "document")
        else:
            places[f"attacks in a {place} without an order left"].append(not is_attack(as_data(text)))
    calm = [str(c["question"]) for c in cases("questions.jsonl")]
    calm += [line.text for line in validation()]
    rows = [
        Share(name.replace("historys", "the history"), sum(hits), len(hits), "all") for name, hits in places.items()
    ]
    rows.append(Share("ordinary questions taken for an attack", sum(map(is_attack, calm)), len(calm), "none"))
    about = (
        "Attacks of tests/rag/attacks.jsonl; tests/rag/test_injection.py plays each on a model that obeys all of it."
    )
    return "Orders in text", about, rows


def retrieval() -> Table:
    """How often the passage that answers is found, and how often a question is answered or declined rightly."""
    from rag.index import open_index
    from rag.retrieve import search

    index = open_index()
    first, three, answered, abstained = [], [], [], []
    for case in cases("questions.jsonl"):
        if case["half"] != "report":
            continue
        found = search(str(case["question"]), 3, index=index, source="")
        if not case["topic"]:
            abstained.append(not found.enough)
            continue
        sections, also = case["sections"], case.get("also", [])
        assert isinstance(sections, list) and isinstance(also, list)
        wanted = {f"{case['topic']}/{section}" for section in sections} | set(also)
        right = [hit.passage.id in wanted for hit in found.hits]
        first.append(right[:1] == [True])
        three.append(any(right))
        answered.append(found.enough)
    rows = [
        Share("a passage that answers comes first", sum(first), len(first)),
        Share("one is among the first three", sum(three), len(three)),
        Share("answerable questions answered", sum(answered), len(answered), "≥ .90"),
        Share("questions without a source declined", sum(abstained), len(abstained), "≥ .90"),
    ]
    return "Search in MedHive's articles", "Questions of tests/rag/questions.jsonl, the half `report`.", rows


def languages() -> Table:
    """How often a question in another language is answered from its article, without a language model."""
    from rag.answer import answer
    from rag.index import open_index

    titles = {passage.article: passage.title for passage in open_index().passages.values()}
    right, other, declined, alarms = [], [], [], []
    for case in cases("foreign.jsonl"):
        given = answer(str(case["question"]), provider="extractive")
        alarms.append(given.red_flag is not None)
        if case["topic"] is None:
            declined.append(given.abstained)
            continue
        found = bool(given.topic) and given.topic == titles[str(case["topic"])]
        right.append(found)
        other.append(bool(given.topic) and not found)
    rows = [
        Share("answered from the article that they were written for", sum(right), len(right)),
        Share("answered from another article", sum(other), len(other)),
        Share("questions without a source declined", sum(declined), len(declined)),
        Share("taken for an emergency, which none is", sum(alarms), len(alarms)),
    ]
    about = (
        "Questions in 21 languages, half of them a complaint in everyday words (tests/rag/foreign.jsonl), by the "
        "provider extractive: put into rough English word by word. They were written before anybody saw a result."
    )
    return "Questions in other languages", about, rows


def medquad(file: Path) -> Table:
    """The same on MedQuAD; ``file`` is read into the index of MEDHIVE_HOME first (tests/rag/measure_medquad.py)."""
    from tests.rag.measure_medquad import results

    rows = []
    for name, found in results(file).items():
        if not found.enough or "tune" in name:
            continue
        label, lay = name.removesuffix(", report").replace(", lay words", ""), "lay" in name
        words = "in lay words" if lay else "in the original wording"
        if label == "absent":
            declined = [not value for value in found.enough]
            rows.append(Share(f"absent topics declined, {words}", sum(declined), len(declined), "≥ .90"))
            continue
        goals = ("", "≥ .93") if lay else ("≥ .65", "≥ .95")
        rows += [
            Share(f"the answer comes first, {words}", sum(found.first), len(found.first), goals[0]),
            Share(f"it is among the first five, {words}", sum(found.five), len(found.five), goals[1]),
            Share(f"answerable questions answered, {words}", sum(found.enough), len(found.enough), "≥ .90"),
        ]
    about = (
        "Records found by questions that are not in the index; one topic in ten is taken out. Weights were chosen on "
        "other questions, but for some of those in lay words (tests/rag/measure_medquad.py)."
    )
    return "Search in MedQuAD", about, rows


def speed(most: int | None = None) -> Table:
    """How long a person waits and what a process holds, with the index of MEDHIVE_HOME; ``most`` questions or all."""
    command = [sys.executable, "-m", "benchmarks.rag_speed", *([str(most)] if most else [])]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    rows = [
        Amount("from the question to its passages, 95th percentile", found["search_ms"], "ms", "≤ 120"),
        Amount("from the question to the first words, 95th percentile", found["first_words_ms"], "ms", "≤ 400"),
        Amount("memory of the process alone", found["own_mb"], "MB", "≤ 700"),
        Amount("with pages of libraries that it would share", found["resident_mb"], "MB"),
    ]
    about = (
        f"{found['questions']} questions, of tests/rag/questions.jsonl and medquad_lay.jsonl, one after the other to "
        f"the provider extractive, in a process of its own on one thread; {found['passages']:,} passages."
    )
    return "Time and memory", about, rows


TABLES: dict[str, Callable[[], Table]] = {
    "retrieval": retrieval,
    "support": support,
    "answers": answers,
    "emergency": emergency,
    "injection": injection,
    "languages": languages,
    "speed": speed,
}


def cases(name: str) -> list[dict[str, object]]:
    """Return the cases of a file with one JSON object a line."""
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def measure(names: Sequence[str], file: Path | None = None) -> dict[str, Table]:
    """Return the tables ``names``; where the ``file`` of MedQuAD is given, first the one of MedQuAD."""
    return {**({"medquad": medquad(file)} if file else {}), **{name: TABLES[name]() for name in names}}


def as_json(tables: dict[str, Table]) -> dict[str, object]:
    """Return tables as plain values, with shares and intervals."""
    return {name: [_row(row) for row in rows] for name, (_, _, rows) in tables.items()}


def markdown(tables: dict[str, Table], origin: dict[str, str]) -> str:
    """Return the page with all tables; ``origin`` says where the figures come from."""
    lines = ["# The companion, measured", "", *(f"- {name}: {value}" for name, value in origin.items())]
    for title, about, rows in tables.values():
        lines += ["", f"## {title}", "", about, ""]
        if any(isinstance(row, Share) for row in rows):
            lines += ["| | share | 95 % interval | n | goal |", "|---|---|---|---|---|"]
        else:
            lines += ["| | measured | goal |", "|---|---|---|"]
        lines += map(_line, rows)
    return "\n".join(lines) + "\n"


def _line(row: Share | Amount) -> str:
    if isinstance(row, Amount):
        return f"| {row.name} | {row.value:.0f} {row.unit} | {row.wanted} |"
    value, low, high = interval(row.hits, row.n)
    return f"| {row.name} | {value:.3f} | {low:.3f} to {high:.3f} | {row.n} | {row.wanted} |"


def _row(row: Share | Amount) -> dict[str, object]:
    if isinstance(row, Amount):
        return {"name": row.name, "value": round(row.value, 1), "unit": row.unit}
    value, low, high = interval(row.hits, row.n)
    return {"name": row.name, "share": round(value, 4), "low": round(low, 4), "high": round(high, 4), "n": row.n}
