"""Every setting of MedHive, read from the environment as ``MEDHIVE_*`` (or from a ``.env`` file).

Importing this module also keeps third-party packages from reporting home, so it comes before them.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent

_SILENT = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "ANONYMIZED_TELEMETRY": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
for _name, _value in _SILENT.items():
    os.environ.setdefault(_name, _value)
for _name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):  # would send whole conversations to a third party
    os.environ[_name] = "false"


class Settings(BaseSettings):
    """One field a setting; the field ``home`` is the variable ``MEDHIVE_HOME``, and so on."""

    model_config = SettingsConfigDict(env_prefix="MEDHIVE_", env_file=".env", extra="ignore")

    home: Path = Field(ROOT / "var", description="Folder that holds all state of this installation.")
    demo: bool = Field(True, description="Demo mode: one-click demo accounts and a banner that says so.")
    datasets: Path | None = Field(None, description="Folder with the public data sets, one subfolder each.")
    tasks: Path | None = Field(None, description="Folder with tasks kept outside the repository, one subfolder each.")
    master_key_file: Path | None = Field(
        None, description="File with the master key that wraps every site's key; default HOME/keys/master.key."
    )
    mlflow_port: int = Field(5001, description="Port of the MLflow page, always bound to 127.0.0.1.")
    ray_actors: int = Field(2, ge=1, description="Persistent Ray actors that compute for sites.")
    ray_address: str = Field("", description="Ray cluster whose machines the actors run on; empty for this machine.")
    quorum: float = Field(0.5, gt=0, le=1, description="Part of a run's sites that must answer a round.")
    site_patience: float = Field(60.0, ge=0, description="Seconds that a run waits for a real site that is away.")
    groq_api_key: SecretStr | None = Field(None, description="Key for Groq; without it answers are extractive.")
    groq_model: str = Field("openai/gpt-oss-120b", description="Language model asked at Groq.")
    groq_address: str = Field("https://api.groq.com", description="Address of Groq, or of one that speaks like it.")
    language_model: str = Field(
        "",
        description="Base of language tasks: a folder or a cached name; empty for SmolLM2-135M-Instruct.",
    )
    language_bits: Literal["32", "16", "4"] = Field("32", description="Bits of a weight of the base of language tasks.")
    language_checkpointing: bool = Field(
        False, description="Whether training a language model computes layers twice, to take less memory."
    )
    encoder_model: str = Field(
        "",
        description="Base of text tasks with adapters: a folder or a cached name; empty for all-MiniLM-L6-v2.",
    )
    lora_rank: int = Field(8, ge=1, le=256, description="Rank of the adapters over a base.")
    lora_alpha: float = Field(16.0, gt=0, description="Adapters count alpha / rank times.")
    lora_dropout: float = Field(0.05, ge=0, lt=1, description="Part of an adapter's inputs that training leaves out.")
    lora_layers: str = Field("", description="Layers with an adapter, with commas; empty for queries and values.")
    lora_trains: Literal["b", "ab"] = Field("b", description="Factors of an adapter that are trained and sent.")
    agent_wording: bool = Field(False, description="Whether a model at Groq words what the agentic strategy says.")
    local_model: str = Field("", description="Causal language model on this machine: a folder, or a name in its cache.")
    companion_provider: Literal["", "groq", "local", "federated", "extractive"] = Field(
        "", description="Who words answers when nobody chooses; empty for the first of groq, local, extractive."
    )
    answer_patience: float = Field(
        30.0, gt=0, description="Seconds a language model may take for an answer, once it is read."
    )
    questions_a_minute: int = Field(12, ge=1, description="Questions that one person may ask the companion a minute.")
    tokens_a_day: int = Field(200_000, ge=0, description="Tokens a day that all people together may use at Groq.")

    @field_validator("home", "datasets", "tasks", "master_key_file", mode="before")
    @classmethod
    def _not_empty(cls, value: object, info: ValidationInfo) -> object:
        """Take an empty variable as unset; an empty home would be whatever folder one happens to stand in."""
        return cls.model_fields[str(info.field_name)].default if value == "" else value

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of the database."""
        return f"sqlite:///{self.home / 'medhive.db'}"

    @property
    def master_key_path(self) -> Path:
        """Where the master key lies."""
        return self.master_key_file or self.home / "keys" / "master.key"


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, read once; makes the home folder if it is missing."""
    settings = Settings()
    settings.home = settings.home.expanduser().resolve()
    settings.home.mkdir(parents=True, exist_ok=True)
    os.environ["FLWR_HOME"] = str(settings.home / "flwr")
    return settings


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
