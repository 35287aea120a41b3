"""The base of text tasks with adapters: a transformer that reads a text, of BERT's or DistilBERT's kind or another.

Like the base of language tasks it is read once a process, shared by all networks of it, never trained and never sent.
"""

import threading
from functools import lru_cache

from data.public import DataMissing
from models.language.base import Base, fingerprint
from rag import embedding
from settings import get_settings

_one_at_a_time = threading.Lock()


def encoder_name() -> str:
    """Return the name of the encoder that the settings choose, without reading it."""
    return get_settings().encoder_model.rstrip("/").rpartition("/")[2] or embedding.NAME


def encoder() -> Base:
    """Return the encoder that the settings choose, read once a process.

    Raises
    ------
    DataMissing
        When it is not on this machine.
    """
    with _one_at_a_time:
        return _read(get_settings().encoder_model)


@lru_cache(maxsize=1)
def _read(name: str) -> Base:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        place = name or str(embedding.folder())
    except embedding.EmbeddingMissing as error:
        raise DataMissing(str(error)) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(place)
        model = AutoModel.from_pretrained(place, dtype=torch.float32)
    except (OSError, ValueError, KeyError):
        raise DataMissing(f"MEDHIVE_ENCODER_MODEL is {place}, which is no encoder here.") from None
    model.eval()
    model.requires_grad_(False)
    return Base(encoder_name(), tokenizer, model, fingerprint(model))
