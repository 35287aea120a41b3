"""The network of medical_qa: adapters over the base language model that the settings choose."""

from models.language.adapted import Adapted
from models.language.base import base
from models.language.lora import Lora
from settings import get_settings


def make() -> Adapted:
    """Return fresh adapters; the base is read once a process and stays as it is."""
    return Adapted(base(), Lora.of_settings(), checkpointing=get_settings().language_checkpointing)
