"""Symptoms: which of 24 conditions a complaint fits (Symptom2Disease, short texts written for teaching)."""

import csv
import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.public import public_file
from data.table import Dataset, FloatArray, Texts
from data.texts import cleaned, pack_texts, unpack_texts
from models.task import Task, Training

if TYPE_CHECKING:
    from torch import nn

# as the data set writes them, in the order of the classes; rag/symptoms/conditions.toml names the same
LABELS = (
    *("Acne", "Arthritis", "Bronchial Asthma", "Cervical spondylosis", "Chicken pox", "Common Cold", "Dengue"),
    *("Dimorphic Hemorrhoids", "Fungal infection", "Hypertension", "Impetigo", "Jaundice", "Malaria", "Migraine"),
    *("Pneumonia", "Psoriasis", "Typhoid", "Varicose Veins", "allergy", "diabetes", "drug reaction"),
    *("gastroesophageal reflux disease", "peptic ulcer disease", "urinary tract infection"),
)
CLASSES = (
    *("acne", "arthritis", "asthma", "cervical spondylosis", "chickenpox", "a common cold", "dengue"),
    *("haemorrhoids", "a fungal infection", "high blood pressure", "impetigo", "jaundice", "malaria", "migraine"),
    *("pneumonia", "psoriasis", "typhoid", "varicose veins", "an allergy", "diabetes", "a drug reaction"),
    *("reflux disease", "a peptic ulcer", "a urinary tract infection"),
)
TEXTS = Texts("a complaint in English")
SHA256 = "5f7d0ee532eaf21649a47051a37f4a9fb12e2b00053d7e3209f38707489998ba"
PAGE = "https://www.kaggle.com/datasets/niyarrbarman/symptom2disease"


@cache
def _texts() -> Dataset:
    raw = public_file("symptom_disease/Symptom2Disease.csv", SHA256, PAGE).decode()
    first: dict[str, tuple[str, str]] = {}  # of texts that repeat another one, the first counts
    for row in csv.DictReader(io.StringIO(raw)):
        text = cleaned(row["text"], TEXTS.kind)
        first.setdefault(text.casefold(), (text, row["label"]))
    return Dataset(
        pack_texts([text for text, _ in first.values()]),
        np.array([LABELS.index(label) for _, label in first.values()], dtype=np.int64),
        f"Symptom2Disease, {len(first)} different short texts written for teaching, Kaggle, 2023",
    )


class Symptoms(Task):
    """Texts of a few sentences; none of them is from a patient."""

    name = "symptoms"
    title = "Symptoms"
    question = "Which of 24 conditions does a complaint fit?"
    modality = "text"
    classes = CLASSES
    texts = TEXTS
    training = Training(rounds=30, batch_size=16, learning_rate=3e-3, decay=0.95, weight_decay=1e-2, sites=6)
    licence = "not confirmed (Kaggle, Symptom2Disease); for research"

    @property
    def encoder(self) -> str:
        """Return the name under which sentence vectors and words are kept."""
        return "minilm-l6-v2-words-1024"

    def public(self) -> Dataset:
        """Return the texts, each once."""
        return _texts()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` texts put together from phrases; for trying things out only."""
        from models.tasks.symptoms.phrases import write

        return write(n, seed)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the (n, 1408) sentence vectors and hashed words."""
        from models.tasks.symptoms.words import hashed
        from rag.embedding import embed

        texts = unpack_texts(x)
        return np.concatenate([embed(texts), hashed(texts)], axis=1)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return f"Of the 24 conditions it knows, the words fit {self.classes[chosen]} best."

    def network(self) -> "nn.Module":
        """Return a fresh layer over the vectors."""
        from models.tasks.symptoms.network import make

        return make()


TASK = Symptoms()
