"""Our search as a LangChain retriever, for those who build chains of their own on the companion's sources.

from rag.langchain_retriever import CompanionRetriever

CompanionRetriever(k=3).invoke("What are the signs of a stroke?")
"""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from rag.guardrails.injection import as_data
from rag.retrieve import Hit, search


class CompanionRetriever(BaseRetriever):
    """Gives the best passages, or none where the companion would say that it has no source.

    Parameters
    ----------
    k : passages at most.
    source : look only at what this file added; None looks everywhere.
    even_weak : also give passages that are too weak to answer from.

    What it gives is data: orders, markup and links are taken out of the text, the pages stand in the metadata.
    Emergencies, scope and personal data are not looked at; ``rag.answer.answers`` does that.
    """

    k: int = Field(default=5, ge=1)
    source: str | None = None
    even_weak: bool = False

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = search(query, self.k, source=self.source)
        return [_document(hit) for hit in found.hits] if found.enough or self.even_weak else []


def _document(hit: Hit) -> Document:
    passage = hit.passage
    metadata: dict[str, Any] = {
        "title": passage.title,
        "section": passage.section,
        "source": passage.source or "MedHive",
        "score": hit.score,
        "urls": list(dict.fromkeys(link.url for line in passage.sentences for link in line.links if link.url)),
    }
    return Document(page_content=as_data(passage.text), metadata=metadata, id=passage.id)
