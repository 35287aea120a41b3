"""The shipped corpus keeps its own rules: structure, marks, links, length, nothing said twice."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlparse

import pytest

from rag.article import SECTIONS, read_article
from rag.index import CORPUS

FILES = sorted(CORPUS.glob("*.md"))
ARTICLES = [read_article(path) for path in FILES]
SENTENCES = [(article.key, line) for article in ARTICLES for passage in article.passages for line in passage.sentences]
PUBLISHERS = ("nih.gov", "medlineplus.gov", "cancer.gov", "cdc.gov", "nhs.uk", "who.int")
TOPICS = {
    "breast_cancer coronary_heart_disease heart_failure hypertension type_2_diabetes stroke pneumonia asthma copd",
    "glaucoma brain_tumour atrial_fibrillation migraine depression influenza anaemia chronic_kidney_disease",
    "osteoarthritis urinary_tract_infection gastro_oesophageal_reflux",
}


def test_the_twenty_conditions_are_there() -> None:
    assert {topic for line in TOPICS for topic in line.split()} <= {article.key for article in ARTICLES}


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.key)
def test_an_article_has_all_sections_and_each_is_short_enough_to_be_read_at_once(article) -> None:
    assert tuple(passage.section for passage in article.passages) == SECTIONS
    for passage in article.passages:
        assert 2 <= len(passage.sentences) <= 6, passage.id
        assert len(passage.text.split()) <= 120, passage.id  # the embedding reads 256 tokens


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_listed_source_is_cited_and_every_link_leads_to_a_public_health_body(path: Path) -> None:
    article = read_article(path)
    listed = re.findall(r'^url = "(.*)"$', path.read_text(), re.MULTILINE)
    cited = {link.url for passage in article.passages for line in passage.sentences for link in line.links}
    assert set(listed) == cited
    assert len(listed) == len(set(listed)) >= 3
    for url in listed:
        host = urlparse(url).hostname or ""
        assert any(host == name or host.endswith(f".{name}") for name in PUBLISHERS), url


def test_no_sentence_stands_twice() -> None:
    counts = Counter(line.text.casefold() for _, line in SENTENCES)
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_two_articles_share_a_name() -> None:
    names = [name.casefold() for article in ARTICLES for name in (article.title, *article.synonyms)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_no_sentence_gives_a_dose_or_an_order_to_take_something() -> None:
    dose = re.compile(r"\d+ ?(mg|ml|mcg|µg|g|tablets?|pills?|puffs?)\b|^take ", re.IGNORECASE)
    assert [(key, line.text) for key, line in SENTENCES if dose.search(line.text)] == []


def test_sentences_are_plain_text() -> None:
    assert [line.text for _, line in SENTENCES if re.search(r"[<>*_`#\[\]|]|https?:|  ", line.text)] == []
