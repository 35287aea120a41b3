"""The weights of ``rag.added.Confidence``: ``python -m tests.rag.fit_confidence FILE``.

FILE is medquad.jsonl; index, topics and the half ``tune`` of its questions are those of ``tests.rag.measure_medquad``.
Beside them stand the lay questions of medquad_lay_tune.jsonl, on other topics than those of medquad_lay.jsonl. Each is
asked twice: as it is, and with all records on its topic out of sight, so that there is no answer. The threshold is the
lowest at which at most ``SHARE`` of the questions without an answer are answered, of either sort. Questions of one
document are judged together, by twenty folds.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rag import embedding
from rag.added import Evidence, evidence_of, signs_of
from rag.embedding import FloatArray
from rag.index import Index, Part
from rag.lexicon import Lexicon, content_words
from rag.topics import Topics
from tests.rag.measure_medquad import Library, Names, drawn, library

LAY = Path(__file__).parent / "medquad_lay_tune.jsonl"
SHARE = 0.09  # of questions without an answer that are answered; .10 are allowed
_QUESTIONS = 800  # in the original wording
_FOLDS = 20
_GROUPS = 12  # small libraries


def _group(record: str) -> int:
    return drawn("group:" + record.partition("-")[2].partition("-")[0]) % _GROUPS


class _Words(Lexicon):
    """The words of a part, some of its passages out of sight."""

    def __init__(self, whole: Lexicon, hidden: set[str], texts: list[str]) -> None:
        self.__dict__.update(whole.__dict__)
        self._hidden = hidden
        self._gone = Counter(word for text in texts for word in set(content_words(text)))

    def scores(self, words: list[str], most: int) -> dict[str, float]:
        found = super().scores(words, most + len(self._hidden))
        left = {key: value for key, value in found.items() if key not in self._hidden}
        best = max(left.values(), default=1.0)
        return {key: left[key] / best for key in sorted(left, key=lambda key: -left[key])[:most]}

    def knows(self, word: str) -> bool:
        return all(self._known[stem] > self._gone[stem] for stem in content_words(word))

    def unknown_share(self, words: list[str]) -> float:
        return sum(self._known[word] <= self._gone[word] for word in words) / len(words) if words else 1.0


class _Topics(Topics):
    """The names of the documents that are in sight."""

    def __init__(self, whole: Topics, hidden: set[str]) -> None:
        self._longest, self._medicines = whole._longest, whole._medicines
        self._documents = defaultdict(set, {name: of - hidden for name, of in whole._documents.items() if of - hidden})


class _Part(Part):
    """Added passages, those of the documents ``hidden`` out of sight."""

    def __init__(self, whole: Part, hidden: set[str]) -> None:
        self.__dict__.update(whole.__dict__)
        gone = [passage for passage in whole._passages if passage.article in hidden]
        texts = [" ".join((p.title, *p.synonyms, p.section, p.text)) for p in gone]
        self._out = [whole.place(passage.id) for passage in gone]
        self.__dict__["lexicon"] = _Words(whole.lexicon, {passage.id for passage in gone}, texts)
        self.__dict__["topics"] = _Topics(whole.topics, hidden)

    def similarity(self, vector: FloatArray) -> FloatArray:
        found = super().similarity(vector)
        found[self._out] = -1.0
        return found


class IndexWithout(Index):
    """The index, the documents ``hidden`` of what was added out of sight."""

    def __init__(self, whole: Index, hidden: set[str]) -> None:
        self.__dict__.update(whole.__dict__)
        self.__dict__["added"] = _Part(whole.added, hidden)
        self.__dict__.pop("spelling", None)


def evidence(read: Library, sets: dict[str, list[tuple[str, str]]]) -> Iterator[tuple[str, str, Evidence]]:
    """Yield the name of the set, the record asked for and the evidence, for each question of ``sets``."""
    names, documents = Names(read.rows), defaultdict(set)
    for record, topic in read.topic.items():
        documents[topic].add(f"{read.source}:{record}")
    small = []
    for group in range(_GROUPS):
        topics = {read.topic[record] for _, record in sets["small"] if _group(record) == group}
        kept = set().union(*(documents[topic] for topic in topics))
        small.append(IndexWithout(read.index, {passage.article for passage in read.index.passages.values()} - kept))
    for name, asked in sets.items():
        for typed, record in asked:
            index = read.index
            if name == "lay, hidden":
                hidden = set().union(*(documents[topic] for topic in names.beside({read.topic[record]})))
                index = IndexWithout(index, hidden)
            elif name.startswith("small"):
                index = small[(_group(record) + ("hidden" in name)) % _GROUPS]
            question = index.spelling.read(typed).text
            vector = embedding.embed([question])[0]
            signs = {key: of for key, of in signs_of(question, vector, index, read.source).items() if of.passage > -1}
            yield name, record, evidence_of(question, index, signs)


def questions(read: Library) -> dict[str, list[tuple[str, str]]]:
    """Return questions with the record that each was written from, by the name of the set."""
    asked = {row["id"]: row["question"] for row in read.rows if read.half(row["id"]) == "tune"}
    order = sorted(asked, key=lambda record: drawn("set:" + record))
    lay = [json.loads(line) for line in LAY.read_text().splitlines()]
    in_lay_words = [(row["question"], row["id"]) for row in lay if row["id"] in read.known]
    return {
        "answerable": [(asked[i], i) for i in order if i in read.known][:_QUESTIONS],
        "absent": [(asked[i], i) for i in order if read.topic[i] in read.absent][:_QUESTIONS],
        "lay": in_lay_words,
        "lay, hidden": in_lay_words,
        "small": in_lay_words,
        "small, hidden": in_lay_words,
    }


def main() -> None:
    """Print the weights, and what they answer of questions that they were not fitted to."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    read = library(parser.parse_args().file)
    found = list(evidence(read, questions(read)))
    names = np.array([name for name, _, _ in found])
    x = np.array([list(asdict(evidence).values()) for _, _, evidence in found])
    y = np.isin(names, ["answerable", "lay", "small"])
    groups = [record.rpartition("-")[0] for _, record, _ in found]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    odds = cross_val_predict(model, x, y, groups=groups, cv=GroupKFold(_FOLDS), method="decision_function")
    threshold = max(
        float(np.quantile(odds[names == name], 1 - SHARE)) for name in ("absent", "lay, hidden", "small, hidden")
    )
    model.fit(x, y)
    scale, regression = model[0], model[1]
    weights = regression.coef_[0] / scale.scale_
    bias = regression.intercept_[0] - float(weights @ scale.mean_) - threshold
    for name, value in zip([field.name for field in fields(Evidence)], weights, strict=True):
        print(f"{name}: {value:.2f}")
    print(f"bias: {bias:.2f}")
    for name in dict.fromkeys(names):
        print(f"{name}: {np.mean(odds[names == name] >= threshold):.3f} answered, n {np.sum(names == name)}")


if __name__ == "__main__":
    main()
