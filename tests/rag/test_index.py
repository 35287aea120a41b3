"""The index follows the files: only what changed is embedded, what is gone is removed, nothing half is kept."""

from pathlib import Path

import pytest

from rag import index, readiness
from rag.article import Article, ArticleError, read_article
from rag.index import CORPUS, open_index
from rag.library import add, remove
from rag.retrieve import search
from rag.store import Store
from tests.rag.test_article import BODY, FRONT, write

SHIPPED = sum(len(read_article(path).passages) for path in CORPUS.glob("*.md"))
HICCUPS = FRONT.replace("Gout", "Hiccups").replace("gouty arthritis", "singultus") + BODY.replace(
    "about symptoms", "about hiccups that go on for days"
)


@pytest.fixture
def embedded(companion_home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The articles that were embedded during the test."""
    added: list[str] = []
    put = Store._add

    def noted(self: Store, source: str, documents: list[Article]) -> None:
        added.extend(document.key for document in documents)
        put(self, source, documents)

    monkeypatch.setattr(Store, "_add", noted)
    return added


def test_an_index_that_is_up_to_date_is_opened_without_embedding(embedded: list[str]) -> None:
    assert len(open_index().passages) == SHIPPED
    assert embedded == []


def test_an_ingested_article_is_found_and_only_a_change_is_embedded_again(
    embedded: list[str], companion_home: Path, tmp_path: Path
) -> None:
    path = write(tmp_path, HICCUPS, "hiccups.md")
    add([path])
    found = search("why do my hiccups go on for days").hits[0].passage
    assert found.id == "hiccups/Symptoms"
    add([path])
    assert embedded == ["hiccups"]
    path.write_text(path.read_text().replace("for days", "for weeks"))
    add([path])
    assert embedded == ["hiccups", "hiccups"]
    assert "for weeks" in open_index().passages["hiccups/Symptoms"].text
    remove("hiccups.md")
    assert not (companion_home / "corpus" / "hiccups.md").exists()
    assert "hiccups/Symptoms" not in open_index().passages
    assert len(open_index().passages) == SHIPPED


def test_one_bad_file_keeps_all_of_a_batch_out(embedded: list[str], companion_home: Path, tmp_path: Path) -> None:
    good, bad = write(tmp_path, HICCUPS, "hiccups.md"), write(tmp_path, "+++\nnothing", "bad.md")
    with pytest.raises(ArticleError, match=r"bad\.md"):
        add([good, bad])
    assert not list((companion_home / "corpus").glob("*")) if (companion_home / "corpus").exists() else True
    assert embedded == []


def test_an_article_that_comes_with_medhive_cannot_be_replaced(companion_home: Path, tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match="comes with MedHive"):
        add([write(tmp_path, FRONT + BODY, "asthma.md")])


def test_getting_ready_happens_once_and_says_when_it_failed(
    companion_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = readiness.prepare()
    assert readiness.prepare() is state
    wait_for(state)
    assert state.ready
    assert readiness.prepare().ready
    readiness._states.clear()
    index._open.pop(companion_home.resolve())
    monkeypatch.setattr(index, "open_index", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    failed = readiness.prepare()
    wait_for(failed)
    assert "disk full" in failed.error


def wait_for(state: readiness.Readiness) -> None:
    import time

    end = time.monotonic() + 60
    while not state.ready and not state.error and time.monotonic() < end:
        time.sleep(0.02)
