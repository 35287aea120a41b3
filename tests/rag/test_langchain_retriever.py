"""The search as a LangChain retriever: passages with their pages, and nothing where there is no answer."""

import pytest

from rag.langchain_retriever import CompanionRetriever

pytestmark = pytest.mark.usefixtures("with_index")


def test_passages_come_with_title_section_and_pages() -> None:
    found = CompanionRetriever(k=2).invoke("What are the symptoms of asthma?")
    assert len(found) == 2
    assert found[0].id == "asthma/Symptoms"
    assert found[0].metadata["title"] == "Asthma" and found[0].metadata["section"] == "Symptoms"
    assert "wheezing" in found[0].page_content
    assert all(url.startswith("https://") for url in found[0].metadata["urls"]) and found[0].metadata["urls"]


def test_it_works_as_a_step_of_a_chain() -> None:
    chain = CompanionRetriever(k=1) | (lambda documents: documents[0].metadata["title"])
    assert chain.invoke("how is stroke treated") == "Stroke"


def test_where_the_companion_has_no_source_it_gives_nothing_unless_asked_to() -> None:
    assert CompanionRetriever().invoke("who won the world cup in 2014") == []
    assert CompanionRetriever(even_weak=True).invoke("who won the world cup in 2014")
