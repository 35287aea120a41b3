"""Which figure stands for a model where there is room for one: AUC, or what a token costs where answers are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Headline:
    """A metric, its name in words, and whether more of it is better."""

    metric: str
    word: str
    more_is_better: bool

    @property
    def title(self) -> str:
        """The name at the start of a line."""
        return self.word[:1].upper() + self.word[1:]


AUC = Headline("auc", "AUC", more_is_better=True)
LOSS = Headline("loss", "loss a token", more_is_better=False)


def headline(scores: Mapping[str, Any]) -> Headline:
    """Return what stands for a model with these scores."""
    return LOSS if "perplexity" in scores else AUC
