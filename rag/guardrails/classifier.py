"""The classifier of emergencies: a tuned sentence encoder and one linear layer.

``weights.safetensors`` and ``card.json`` are made by ``python -m rag.guardrails.train`` from the phrasings in this
package; the card names data, figures, threshold and SHA-256, and a file that does not match it is refused.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor

from rag.guardrails import encoder
from rag.guardrails.gloss import gloss
from rag.intent import plain

WEIGHTS_FILE = Path(__file__).parent / "weights.safetensors"
CARD_FILE = Path(__file__).parent / "card.json"
_PIECE = 300  # characters that the encoder takes in at once; longer texts are judged in pieces
_BATCH = 64


class ClassifierBroken(RuntimeError):
    """The weights are not those that the card describes."""


@dataclass(frozen=True)
class Classifier:
    """Additions to the encoder, a linear layer of 1 + kinds rows, and the scores from which on it is an emergency."""

    kinds: tuple[str, ...]
    threshold: float
    threshold_suspected: float  # when a pattern found one as well
    added: encoder.Weights
    head: Tensor
    bias: Tensor

    def scores(self, texts: Sequence[str]) -> Tensor:
        """Return, shape (n, 1 + kinds), the score of each text as an emergency (log odds) and for each kind."""
        found = []
        with torch.inference_mode():
            for start in range(0, len(texts), _BATCH):
                numbers, mask = encoder.tokens([plain(gloss(text)) for text in texts[start : start + _BATCH]])
                vectors = encoder.vectors(numbers, mask, self.added)
                found.append(vectors @ self.head.T + self.bias)
        return torch.cat(found)


def kind_of_emergency(text: str, *, suspected: bool) -> str | None:
    """Return the kind of emergency that ``text`` speaks of, or None. Some 10 ms once the encoder is loaded.

    ``suspected`` says that a pattern found one, which lowers the threshold.
    """
    judge = shipped()
    scores = judge.scores(pieces(text))
    worst = scores[scores[:, 0].argmax()]
    threshold = judge.threshold_suspected if suspected else judge.threshold
    return judge.kinds[int(worst[1:].argmax())] if float(worst[0]) >= threshold else None


def pieces(text: str) -> list[str]:
    """Cut a long text into pieces of whole sentences, so that none of it goes unread."""
    if len(text) <= _PIECE:
        return [text]
    cut = [""]
    for sentence in re.split(r"(?<=[.!?\n])\s+", text):
        for part in (sentence[i : i + _PIECE] for i in range(0, len(sentence), _PIECE)):
            if cut[-1] and len(cut[-1]) + len(part) >= _PIECE:
                cut.append("")
            cut[-1] = f"{cut[-1]} {part}".strip()
    return cut


@lru_cache
def shipped() -> Classifier:
    """Load the shipped classifier; raises ClassifierBroken."""
    return load_from(WEIGHTS_FILE, CARD_FILE)


def load_from(weights_file: Path, card_file: Path) -> Classifier:
    """Load a classifier.

    Raises
    ------
    ClassifierBroken
        When the weights differ from those that the card describes.
    """
    card = json.loads(card_file.read_text(encoding="utf-8"))
    data = weights_file.read_bytes()
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise ClassifierBroken(f"{weights_file.name} is not the file of its card; run python -m rag.guardrails.train.")
    weights = {name: tensor.float() for name, tensor in load(data).items()}
    head, bias = weights.pop("head"), weights.pop("bias")
    return Classifier(tuple(card["kinds"]), card["threshold"], card["threshold_suspected"], weights, head, bias)
