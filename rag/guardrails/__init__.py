"""What stands between a person, the sources and a language model: emergencies, scope, injection, personal data."""

from rag.guardrails.emergency import red_flag, red_flag_at_once
from rag.guardrails.rules import RedFlag

__all__ = ["RedFlag", "red_flag", "red_flag_at_once"]
