"""The Task contract: all that MedHive needs to know about one medical question.

A task is a folder ``models/tasks/<name>/`` whose ``task.py`` makes one instance called ``TASK``. Training,
metrics, intervals, charts, forms, API and command line are generic over it. See docs/adding-a-task.md.
"""

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from numpy.typing import NDArray

from data.table import Dataset, FloatArray, Pictures, TableSchema, Texts

if TYPE_CHECKING:  # pages list tasks at once; torch takes seconds to import and is needed only to compute
    from torch import nn

    from models.looking import Looking
    from models.preparation import Preparation

Modality = Literal["table", "image", "signal", "text", "language"]


@dataclass(frozen=True)
class Training:
    """Default run settings of a task.

    ``learning_rate`` falls by the factor ``decay`` after every round; ``steps`` is the most that a site takes in a
    round, 0 for no limit; ``partition`` and ``sites`` say how public data are divided when a demo needs sites
    (``natural`` ignores ``sites``). ``benefit`` says whether each site is trained alone as well, and all pooled.
    ``sampling`` is q of Kang et al. 2020, https://arxiv.org/abs/1910.09217: rows are drawn so that a class of n rows
    comes in proportion to n^q; 1 takes every row once, 0 all classes alike.
    """

    rounds: int = 20
    local_epochs: int = 1
    batch_size: int = 32
    learning_rate: float = 1e-3
    decay: float = 1.0
    optimiser: Literal["adam", "sgd"] = "adam"
    weight_decay: float = 0.0
    sampling: float = 1.0
    sites: int = 10
    partition: str = "iid"
    steps: int = 0
    strategy: str = "fedavg"
    benefit: bool = True


class Task(ABC):
    """One medical question the hive answers."""

    name: ClassVar[str]  # folder, command line, API
    title: ClassVar[str]  # "Breast cancer"
    question: ClassVar[str]  # "Is this breast mass malignant?"
    modality: ClassVar[Modality] = "table"
    classes: ClassVar[tuple[str, ...]]  # in words: (negative, positive), or three and more that exclude each other
    schema: ClassVar[TableSchema] = TableSchema((), label="label")  # of a table task
    pictures: ClassVar[Pictures | None] = None  # of an image task
    explained_by: ClassVar[tuple[str, ...]] = ()  # for each class, a question whose answer the companion sets beside it
    texts: ClassVar[Texts | None] = None  # of a text or language task
    signal: ClassVar[bool] = False  # whether a row is a beat of an ECG, cut as in models.ecg.beats
    unreliable: ClassVar[tuple[str, ...]] = ()  # classes that the model must not be trusted with, which pages say
    standardised: ClassVar[bool] = True  # whether features are filled and standardised over all sites
    judged: ClassVar[tuple[str, ...]] = ()  # classes whose mean F1 cross-validation tells beside that of all
    training: ClassVar[Training] = Training()
    aim: ClassVar[float | None] = None  # sensitivity on calibration rows that sets the operating point; None for 50 %
    licence: ClassVar[str]  # of the public data
    shows_cases: ClassVar[bool] = False  # whether that licence lets single cases be shown beside an answer
    natural_sites: ClassVar[bool] = False  # whether public data name their hospital
    synthetic_only: ClassVar[bool] = False  # whether every figure is on generated data, which pages must say

    @abstractmethod
    def public(self) -> Dataset:
        """Return the real data from a package, ``MEDHIVE_DATASETS`` or the official source.

        Raises
        ------
        data.public.DataMissing
            With one sentence that says where to get the data.
        """

    @abstractmethod
    def generate(self, n: int, seed: int = 0) -> Dataset:
        """Return ``n`` synthetic rows (``synthetic=True``), the same for the same seed."""

    @abstractmethod
    def network(self) -> "nn.Module":
        """Return a fresh network: (n, features) float32 → (n, outputs) logits.

        Two classes have one output, the logit of the positive class; more have one a class.
        """

    @property
    def encoder(self) -> str:
        """Name and version of the frozen encoder, under which features are kept; empty for none.

        A task overrides it with a text.
        """
        return ""

    @property
    def generates(self) -> bool:
        """Whether the network foresees words, and gives what they cost in place of logits.

        Its outputs are (n, 2): what a row's answer costs in nats, and of how many tokens it is.
        """
        return self.modality == "language"

    @property
    def adapts(self) -> bool:
        """Whether the network is adapters over a base that stays where it is, which costs far more than they do.

        Language tasks are such, and text tasks that override this.
        """
        return self.generates

    def label(self, question: str) -> int:
        """Return the class of a question; of language tasks, whose records name none."""
        raise NotImplementedError(f"{self.name} asks no questions")

    def scored(self, rows: Dataset) -> Dataset:
        """Return those of the held-out or calibration ``rows`` by which models are judged, always the same.

        Default: all. A task whose rows take long to score gives a part.
        """
        return rows

    def encode(self, x: NDArray[Any]) -> FloatArray:
        """Turn what was given into the numbers that the engine works with; runs once at the site, then they are kept.

        A task with an ``encoder`` overrides this: (n, ...) pictures or signals → (n, d) float32, finite, the same for
        a row whatever rows are beside it. Default: ``x``.
        """
        return x

    def features(self, x: FloatArray, filled: FloatArray) -> FloatArray:
        """Turn inputs into network features, before standardisation.

        Parameters
        ----------
        x : (n, d) inputs as given or as encoded, NaN where missing.
        filled : (n, d) the same with missing values filled by the federation's medians.

        Returns
        -------
        (n, features) float32, finite. Default: ``filled``.
        """
        return filled

    def answer(self, chosen: int) -> str:
        """Return the answer to the question in words, as a sentence; a task may word it better.

        Parameters
        ----------
        chosen : the class; of two, 1 or True is the positive one.
        """
        return f"Probably {self.classes[int(chosen)]}."

    def looking(self, network: "nn.Module", preparation: "Preparation") -> "Looking":
        """Return the way from a picture to the logits in one piece, to see where a model looked; of image tasks."""
        raise NotImplementedError(f"{self.name} has no picture to look at")

    @property
    def outputs(self) -> int:
        """How many logits the network gives."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def folder(self) -> Path:
        """Folder of the task, with card.md and the shipped weights."""
        return Path(inspect.getfile(type(self))).parent

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / "card.md").read_text(encoding="utf-8")
