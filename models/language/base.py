"""The base language model: read once a process, shared by all networks of it, never trained and never sent."""

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.public import DataMissing
from models.language import smollm2
from settings import get_settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SAMPLED = 64  # numbers of each tensor that make up the fingerprint
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Base:
    """A language model, or an encoder, with its tokenizer.

    Parameters
    ----------
    name : as shown.
    fingerprint : SHA-256 over shapes and some numbers of every tensor: an adapter fits only the base it was trained on.
    """

    name: str
    tokenizer: "PreTrainedTokenizerBase"
    model: "PreTrainedModel"
    fingerprint: str


def base_name() -> str:
    """Return the name of the base that the settings choose, without reading it."""
    return get_settings().language_model.rstrip("/").rpartition("/")[2] or smollm2.NAME


def base() -> Base:
    """Return the base that the settings choose, read once a process.

    Raises
    ------
    DataMissing
        When it is not on this machine, or needs what is not there.
    """
    settings = get_settings()
    with _one_at_a_time:
        return _read(settings.language_model, int(settings.language_bits), settings.home)


@lru_cache(maxsize=1)
def _read(name: str, bits: int, _home: Path) -> Base:
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place = name or str(smollm2.folder())
    try:
        tokenizer = AutoTokenizer.from_pretrained(place)
        model = AutoModelForCausalLM.from_pretrained(place, **_precision(bits))
    except (OSError, ValueError, KeyError):
        raise DataMissing(f"MEDHIVE_LANGUAGE_MODEL is {place}, which is no causal language model here.") from None
    model.eval()  # type: ignore[no-untyped-call]
    model.requires_grad_(False)
    return Base(base_name(), tokenizer, model, fingerprint(model))


def _precision(bits: int) -> dict[str, Any]:
    """Return what transformers is to be told of the precision."""
    import torch

    if bits == 32:
        return {"dtype": torch.float32}
    if bits == 16:
        return {"dtype": torch.bfloat16}
    if find_spec("bitsandbytes") is None:
        raise DataMissing("MEDHIVE_LANGUAGE_BITS is 4, which needs bitsandbytes: pip install bitsandbytes.")
    from transformers import BitsAndBytesConfig

    quantised = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": quantised}


def fingerprint(model: "PreTrainedModel") -> str:
    """Return SHA-256 over shapes and some numbers of every tensor."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.named_parameters()):
        some = tensor.detach().flatten()[:_SAMPLED].to(torch.float32).cpu().numpy()
        digest.update(f"{name} {tuple(tensor.shape)}".encode() + some.tobytes())
    return digest.hexdigest()
