"""The index of words is kept for the next start, and made anew when it does not fit."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import lexicon
from rag.article import Passage, Sentence
from rag.lexicon import Lexicon, content_words


def passage(number: int, text: str) -> Passage:
    return Passage(
        article=f"d{number}",
        title=f"Title {number}",
        section="Overview",
        kind="condition",
        synonyms=(),
        sentences=(Sentence(text, ()),),
    )


SOME = [passage(1, "Wheezing and cough."), passage(2, "A swollen knee."), passage(3, "Cough with fever and a knee.")]
WORDS = content_words("cough and knee")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts whose words were counted."""
    texts: list[str] = []

    def count(text: str) -> list[str]:
        texts.append(text)
        return content_words(text)

    monkeypatch.setattr(lexicon, "content_words", count)
    return texts


def same(one: Lexicon, other: Lexicon, passages: Sequence[Passage] = SOME) -> bool:
    words = [word for entry in passages for word in content_words(entry.text)]
    return (
        one.scores(WORDS, 3) == other.scores(WORDS, 3)
        and one.share(set(words), {"knee"}) == other.share(set(words), {"knee"})
        and one.unknown_share([*words, "xyz"]) == other.unknown_share([*words, "xyz"])
    )


def test_a_kept_index_is_read_and_says_the_same(tmp_path: Path, counted: list[str]) -> None:
    made = Lexicon(SOME, tmp_path / "words")
    assert len(counted) == 3
    counted.clear()
    read = Lexicon(SOME, tmp_path / "words")
    assert counted == []
    assert same(made, read)
    assert made.scores(WORDS, 3)["d3/Overview"] == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["words"]


def test_other_passages_are_counted_anew(tmp_path: Path, counted: list[str]) -> None:
    Lexicon(SOME, tmp_path / "words")
    counted.clear()
    changed = [*SOME[:2], passage(3, "Nothing of it.")]
    assert same(Lexicon(changed, tmp_path / "words"), Lexicon(changed), changed)
    assert len(counted) == 6


@pytest.mark.parametrize("file", ["known.json", "params.index.json", "data.csc.index.npy"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, counted: list[str], file: str) -> None:
    Lexicon(SOME, tmp_path / "words")
    (tmp_path / "words" / file).write_bytes(b"{")
    counted.clear()
    assert same(Lexicon(SOME, tmp_path / "words"), Lexicon(SOME))
    assert len(counted) == 6


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("a file stands in the way")
    (tmp_path / "full").write_text("")
    assert same(Lexicon(SOME, tmp_path / "full" / "words"), Lexicon(SOME))


def test_without_passages_nothing_is_known(tmp_path: Path) -> None:
    assert Lexicon([], tmp_path / "words").scores(WORDS, 3) == {}
