"""Question type: what a question on health asks about, told by an encoder whose adapters hospitals train together."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.partition import first_of_each_hospital
from data.table import Dataset, FloatArray, Texts
from data.texts import pack_texts, unpack_texts
from models.task import Task, Training
from models.tasks.question_type.types import CLASSES

if TYPE_CHECKING:
    from torch import nn

SCORED = 200  # held-out questions of each site by which a round is judged
_MADE_UP = ("Arvelia", "Bontal", "Cromer", "Delvin", "Estar", "Fornal")  # diseases that nobody has


class QuestionType(Task):
    """Three sites by source, and an encoder that never travels: adapters and one layer do."""

    name = "question_type"
    title = "Question type"
    question = "What does a question on health ask about?"
    modality = "text"
    classes = CLASSES
    texts = Texts(
        "a question on health in English",
        "what it asks about",
        "It learnt from questions as institutes word them and from wordings of ours; in other words it errs more "
        "often than its figures say. The card tells how often.",
    )
    standardised = False
    training = Training(rounds=4, batch_size=16, learning_rate=5e-3, sites=3, partition="natural", steps=24)
    licence = "CC BY 4.0 (MedQuAD)"
    natural_sites = True

    @property
    def encoder(self) -> str:
        """Return the name under which tokens are kept: that of the encoder, whose tokens they are."""
        from models.language.encoder import encoder_name
        from models.language.tokens import READ

        return f"tokens-{READ}-{encoder_name()}"

    @property
    def adapts(self) -> bool:
        """Return that the network is adapters over an encoder."""
        return True

    def public(self) -> Dataset:
        """Return MedQuAD's questions, each once."""
        from models.tasks.question_type.records import dataset

        return dataset()

    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` questions on diseases that do not exist; for trying things out only."""
        from models.tasks.question_type.wordings import in_other_words

        random = np.random.default_rng(seed)
        y = random.integers(0, len(CLASSES), n)
        texts = [
            in_other_words(
                CLASSES[k],
                f"{random.choice(_MADE_UP)} disease type {random.integers(1, 91)}",
                int(random.integers(1000)),
                calibrating=False,
            )
            for k in y
        ]
        return Dataset(pack_texts(texts), y.astype(np.int64), f"made up, seed {seed}", synthetic=True)

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Return the tokens of (n, bytes) questions."""
        from models.language.encoder import encoder
        from models.language.tokens import as_read

        return as_read(encoder().tokenizer, unpack_texts(x))

    def scored(self, rows: Dataset) -> Dataset:
        """Return the first ``SCORED`` rows of each hospital, in the order of their digests."""
        return first_of_each_hospital(rows, SCORED)

    def answer(self, chosen: int) -> str:
        """Return the answer as a sentence."""
        return f"It probably asks about {self.classes[chosen]}."

    def network(self) -> "nn.Module":
        """Return fresh adapters and a fresh layer."""
        from models.tasks.question_type.network import make

        return make()


TASK = QuestionType()
