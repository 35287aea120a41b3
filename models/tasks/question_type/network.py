"""The network of question_type: adapters over the encoder that the settings choose, and a layer over its mean."""

from models.language.classified import Classified
from models.language.encoder import encoder
from models.language.lora import Lora
from models.tasks.question_type.types import CLASSES


def make() -> Classified:
    """Return fresh adapters and a fresh layer; the encoder is read once a process and stays as it is."""
    return Classified(encoder(), Lora.of_settings(), len(CLASSES))
