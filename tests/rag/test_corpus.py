"""The shipped corpus keeps its own rules: structure, marks, links, length, plain words, nothing said twice."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlparse

import pytest

from rag import embedding, shipped_vectors
from rag.article import CARE, SECTIONS, read_article
from rag.index import CORPUS, indexed_texts

FILES = sorted(CORPUS.glob("*.md"))
ARTICLES = [read_article(path) for path in FILES]
SENTENCES = [(article.key, line) for article in ARTICLES for passage in article.passages for line in passage.sentences]
PUBLISHERS = ("nih.gov", "medlineplus.gov", "cancer.gov", "cdc.gov", "fda.gov", "nhs.uk", "who.int", "redcross.org")
NEVER_AN_EMERGENCY = {"breast_cancer", "osteoarthritis"}  # topics with no sign that calls for help at once
HARDEST = 40  # reading ease; names of illnesses and medicines are long and cost 10 to 20 points
TOPICS = {
    "breast_cancer coronary_heart_disease heart_failure hypertension type_2_diabetes stroke pneumonia asthma copd",
    "glaucoma brain_tumour atrial_fibrillation migraine depression influenza anaemia chronic_kidney_disease",
    "osteoarthritis urinary_tract_infection gastro_oesophageal_reflux",
}


def test_the_twenty_conditions_are_there() -> None:
    assert {topic for line in TOPICS for topic in line.split()} <= {article.key for article in ARTICLES}


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.key)
def test_an_article_has_all_sections_and_each_is_short_enough_to_be_read_at_once(article) -> None:
    assert tuple(passage.section for passage in article.passages) == SECTIONS[article.kind]
    assert 18 <= sum(len(passage.sentences) for passage in article.passages) <= 30
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


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.key)
def test_an_article_says_what_is_an_emergency(article) -> None:
    care = article.passages[-1]
    assert care.section == CARE
    said = re.search(r"emergency|at once|immediately|urgent|straight away|right away", care.text)
    assert bool(said) != (article.key in NEVER_AN_EMERGENCY)


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.key)
def test_an_article_can_be_read_without_studying_medicine(article) -> None:
    assert reading_ease([line.text for passage in article.passages for line in passage.sentences]) >= HARDEST


def reading_ease(sentences: list[str]) -> float:
    """Flesch (1948): 206.8 - 1.015 words a sentence - 84.6 syllables a word; 60 is plain, 30 academic English."""
    words = [word for text in sentences for word in re.findall(r"[a-z']+", text.lower())]
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^l])e$", "", word)))) for word in words)
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * syllables / len(words)


def test_no_sentence_stands_twice() -> None:
    counts = Counter(re.sub(r"[^a-z0-9]+", " ", line.text.casefold()) for _, line in SENTENCES)
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_two_articles_share_a_name() -> None:
    names = [
        name
        for article in ARTICLES
        for name in {re.sub(r"\W+", " ", name.casefold()).strip() for name in (article.title, *article.synonyms)}
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_no_sentence_gives_a_dose_or_an_order_to_take_something() -> None:
    number = r"(\d+|one|two|three|four|five|six|eight|ten)"
    unit = r"(mg(?!/dL)|ml|mcg|µg|g|grams?|millilit\w+|milligrams?|units|tablets?|pills?|capsules?|puffs?|drops|doses?)"
    dose = re.compile(rf"\b{number} ?{unit}\b|^take |\b(tablets?|pills?) (a|per) day", re.IGNORECASE)
    assert [(key, line.text) for key, line in SENTENCES if dose.search(line.text)] == []


def test_no_sentence_gives_the_telephone_number_of_one_country() -> None:
    assert [(key, line.text) for key, line in SENTENCES if re.search(r"\b(911|999|112|111|988)\b", line.text)] == []


def test_sentences_are_plain_text() -> None:
    assert [line.text for _, line in SENTENCES if re.search(r"[<>*_`#\[\]|]|https?:|  ", line.text)] == []


def test_every_text_has_its_vector_beside_it() -> None:
    texts = [text for article in ARTICLES for text in indexed_texts(article)]
    absent = shipped_vectors.missing(texts)
    assert absent == [], f"{len(absent)} texts changed: run python -m rag.shipped_vectors"


@pytest.mark.slow
def test_shipped_vectors_are_those_that_the_model_gives() -> None:
    texts = [text for article in ARTICLES for text in indexed_texts(article)][::40]
    similarity = (shipped_vectors.embed(texts) * embedding.embed(texts)).sum(axis=1)
    assert similarity.min() > 0.9999
