"""What stands between a person, the sources and a language model: emergencies, scope, injection, personal data."""

from rag.guardrails.rules import RedFlag, red_flag

__all__ = ["RedFlag", "red_flag"]
