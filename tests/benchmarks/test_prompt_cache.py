"""How much sooner a warm answer begins: what is told of two ways to answer the same questions."""

from collections.abc import Iterator

from benchmarks import prompt_cache
from models.language import writing
from rag.llm import opening


def test_each_question_is_answered_with_and_without_and_the_texts_are_compared() -> None:
    asked: list[tuple[str, bool]] = []

    def answers(question: str) -> Iterator[str]:
        kept = opening.computed([], range(3)) is None and writing.computed is kept_one  # type: ignore[arg-type]
        asked.append((question, kept))
        sum(range(1000 if kept else 400_000))
        yield "no "
        yield "other" if question == "two" and kept else "same"

    kept_one = opening.computed
    found = prompt_cache._compared(answers, ["warm up", "one", "two"])
    assert sorted(asked) == [(question, kept) for question in ("one", "two", "warm up") for kept in (False, True)]
    assert (found["n"], found["of"], found["same_texts"]) == (2, 3, 2)
    assert found["ratio"]["value"] < 0.8 and found["with_cpu_s"] < found["without_cpu_s"]
    line = prompt_cache.table({way: {**found, "opening": 3, "prompt": 9.0} for way in prompt_cache._WAYS})
    assert "3 of 9 tokens kept" in line and "2 of 3 texts the same" in line
