"""The knowledge files keep their rules: everything named, joined, typed, and with a page where it can be checked."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlparse

import pytest

from rag import shipped_vectors
from rag.graph.link import key
from rag.graph.read import KNOWLEDGE, KnowledgeError, knowledge
from rag.graph.relations import KINDS
from rag.graph.vectors import embedded_texts

GRAPH = knowledge()
PUBLISHERS = ("nih.gov", "medlineplus.gov", "cancer.gov", "cdc.gov", "nhs.uk", "who.int", "physionet.org")


def test_the_graph_has_a_few_hundred_nodes_of_every_kind() -> None:
    assert 300 <= len(GRAPH.nodes) <= 600
    assert {node.kind for node in GRAPH.nodes.values()} == set(KINDS)


def test_no_two_nodes_share_a_name_an_alias_or_a_label() -> None:
    names = {(key(name), node.name) for node in GRAPH.nodes.values() for name in (node.name, *node.aliases)}
    labels = [label for node in GRAPH.nodes.values() for label in node.labels]
    assert [name for name, count in Counter(name for name, _ in names).items() if count > 1] == []
    assert len(labels) == len(set(labels))


def test_no_node_stands_alone() -> None:
    assert [name for name in GRAPH.nodes if not GRAPH.facts_of(name)] == []


def test_every_ecg_finding_says_what_it_is() -> None:
    assert [node.name for node in GRAPH.nodes.values() if node.kind == "ECG finding" and not node.gist] == []


def test_no_fact_stands_twice() -> None:
    assert [text for text, count in Counter(fact.text for fact in GRAPH.facts).items() if count > 1] == []


def test_every_page_belongs_to_a_public_body_and_is_used() -> None:
    urls = {fact.source.url for name in GRAPH.nodes for fact in (*GRAPH.gist(name), *GRAPH.facts_of(name))}
    for url in urls:
        host = urlparse(url).hostname or ""
        assert url.startswith("https://")
        assert any(host == name or host.endswith(f".{name}") for name in PUBLISHERS), url
    assert set(re.findall(r'^"(https:.*?)"', (KNOWLEDGE / "sources.toml").read_text(), re.MULTILINE)) == urls


def test_no_fact_gives_a_dose() -> None:
    dose = re.compile(r"\d+ ?(mg|ml|mcg|µg|g|tablets?|pills?|puffs?)\b", re.IGNORECASE)
    assert [fact.text for fact in GRAPH.facts if dose.search(fact.text)] == []


def test_the_vectors_of_all_names_and_facts_are_shipped() -> None:
    absent = shipped_vectors.missing(embedded_texts(GRAPH))
    assert absent == [], f"{len(absent)} texts changed: run python -m rag.shipped_vectors"


GOOD = '["a"]\naliases = ["aa"]\nsource = "https://medlineplus.gov/a.html"\n'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('type = "thing"\n', "must be one of disease"),
        ('type = "disease"\n["a"]\naliases = []\n', "needs aliases"),
        (f'type = "disease"\n{GOOD}leads_to = ["b"]\n', "no node 'b'"),
        (f'type = "disease"\n{GOOD}leads_to = ["a"]\n', "joined to itself"),
        (f'type = "disease"\n{GOOD}helps = ["a"]\n', "'helps' is no relation"),
        (f'type = "symptom"\n{GOOD}drugs = ["a"]\n', "a symptom cannot have this relation"),
        (f'type = "disease"\n{GOOD}symptoms = ["a"]\n', "'a' is a disease, which does not fit"),
        ('type = "disease"\n["a"]\naliases = ["aa"]\nleads_to = ["a"]\n', "needs a source"),
        ('type = "disease"\n["a"]\naliases = ["aa"]\nsource = "https://x.org"\n', "not listed in sources.toml"),
        ("type = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_would_be_right(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "sources.toml").write_text('"https://medlineplus.gov/a.html" = "MedlinePlus: A"\n')
    (tmp_path / "some.toml").write_text(content)
    with pytest.raises(KnowledgeError, match=r"some\.toml") as caught:
        knowledge(tmp_path)
    assert complaint in str(caught.value)
