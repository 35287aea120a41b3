"""Medical questions: a language model learns to answer in the way of the sources, without their texts travelling."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.partition import first_of_each_hospital
from data.table import Dataset, FloatArray, Texts
from data.texts import pack, unpack
from models.task import Task, Training
from models.tasks.medical_qa.kinds import KINDS, kind_of

if TYPE_CHECKING:
    from torch import nn

SCORED = 24  # held-out answers of each hospital by which a round is judged; one takes long
_MADE_UP = ("Arvelia", "Bontal", "Cromer", "Delvin", "Estar", "Fornal")  # diseases that nobody has


class MedicalQa(Task):
    """Three sites by source, and a base that never travels: only low-rank adapters do."""

    name = "medical_qa"
    title = "Medical questions"
    question = "What would a patient leaflet answer?"
    modality = "language"
    classes = KINDS
    texts = Texts("a question and its answer")
    standardised = False
    training = Training(
        rounds=4, batch_size=4, learning_rate=5e-3, sites=3, partition="natural", steps=8, benefit=False
    )
    licence = "CC BY 4.0 (MedQuAD), CC BY-SA 3.0 (WikiDoc)"
    natural_sites = True

    @property
    def encoder(self) -> str:
        """Return the name under which tokens are kept: that of the base, whose tokens they are."""
        from models.language.base import base_name
        from models.language.tokens import LENGTH

        return f"tokens-{LENGTH}-{base_name()}"

    def public(self) -> Dataset:
        """Return the records of MedQuAD and WikiDoc without near duplicates."""
        from models.tasks.medical_qa.records import dataset

        return dataset()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` made-up questions on diseases that do not exist; for trying things out only."""
        random = np.random.default_rng(seed)
        pairs = []
        for number in range(n):
            name = f"{random.choice(_MADE_UP)} disease type {number % 90 + 1}"
            days = int(random.integers(2, 30))
            asked, said = [
                (f"What are the symptoms of {name}?", f"People with {name} have a green nose for about {days} days."),
                (f"What is {name}?", f"{name} is made up for this example; it lasts {days} days and harms nobody."),
                (f"How is {name} treated?", f"{name} goes away by itself within {days} days."),
            ][number % 3]
            pairs.append((asked, said))
        y = np.array([kind_of(asked) for asked, _ in pairs], dtype=np.int64)
        return Dataset(pack(pairs), y, f"made up, seed {seed}", synthetic=True)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the tokens of (n, bytes) questions and answers."""
        from models.language.base import base
        from models.language.tokens import as_tokens

        return as_tokens(base().tokenizer, unpack(x))

    def label(self, question: str) -> int:
        """Return the kind of a question."""
        return kind_of(question)

    def scored(self, rows: Dataset) -> Dataset:
        """Return the first ``SCORED`` rows of each hospital, in the order of their digests."""
        return first_of_each_hospital(rows, SCORED)

    def network(self) -> "nn.Module":
        """Return fresh adapters."""
        from models.tasks.medical_qa.network import make

        return make()


TASK = MedicalQa()
