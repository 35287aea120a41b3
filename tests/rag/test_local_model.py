"""A language model on this machine words answers like any other: streamed, checked, and its failures are said."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk

from models.language import base as bases
from models.language.companion import offer_champion
from models.versions import load_model
from rag.answer import answer
from rag.llm import choice, local
from rag.llm.choice import options
from settings import get_settings
from tests import tiny_language

ASKED = [SystemMessage("Be short."), HumanMessage("What is gout?")]
BACKED = "The main symptoms of asthma are wheezing, coughing, shortness of breath and a tight chest [1]."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def champion(with_index: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A champion of medical_qa over a tiny base."""
    monkeypatch.setattr(choice, "_OFFERED", {})
    with tiny_language.installed(folder, monkeypatch):
        yield tiny_language.make_champion().id


def test_a_stream_gives_what_the_model_writes_in_pieces_and_counts_it(folder: Path) -> None:
    chat = local.LocalChat(read=partial(local.load, str(folder)), max_tokens=12)
    chunks = list(chat.stream(ASKED))
    tokenizer, model = local.load(str(folder))
    ids = tokenizer(local.as_prompt(tokenizer, ASKED), return_tensors="pt")
    with torch.no_grad():
        written = model.generate(**ids, max_new_tokens=12, do_sample=False)[0, ids["input_ids"].shape[1] :]
    assert "".join(str(chunk.content) for chunk in chunks) == tokenizer.decode(written, skip_special_tokens=True)
    last = next(chunk for chunk in chunks if chunk.usage_metadata)
    assert last.usage_metadata["output_tokens"] == len(written)
    assert last.response_metadata["finish_reason"] in ("stop", "length")


def test_a_prompt_follows_the_models_own_template_or_is_plain(folder: Path, tmp_path: Path) -> None:
    tokenizer, _ = local.load(str(folder))
    assert local.as_prompt(tokenizer, ASKED).endswith("What is gout?<|end|>\n<|start|>assistant\n")
    plain, _ = local.load(str(tiny_language.save(tmp_path / "plain", chat=False)))
    assert local.as_prompt(plain, ASKED) == "Be short.\n\nWhat is gout?\n\nAnswer:"


def test_what_is_too_long_or_missing_is_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    chat = local.LocalChat(read=partial(local.load, str(folder)))
    with pytest.raises(local.TooLong) as long:
        list(chat.stream([HumanMessage("word " * 1000)]))
    assert local.explain(long.value).sentence == "The passages are too long for the local model."
    with pytest.raises(local.ModelMissing, match="no causal language model"):
        local.load(str(tmp_path))


@pytest.mark.slow
def test_a_process_may_end_while_an_answer_is_still_written(folder: Path) -> None:
    script = (
        "import sys; from functools import partial; from langchain_core.messages import HumanMessage\n"
        "from rag.llm import local\n"
        "chat = local.LocalChat(read=partial(local.load, sys.argv[1]), max_tokens=200)\n"
        "told = chat.stream([HumanMessage('What is gout?')]); next(told); print(len(local._AT_WORK))"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "1\n"), ended.stderr


@pytest.mark.usefixtures("with_index")
def test_a_local_model_whose_sentences_nothing_backs_is_replaced_by_the_sources_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LOCAL_MODEL", str(folder))
    get_settings.cache_clear()
    given = answer("What are the symptoms of asthma?", provider="local")
    assert given.verbatim and given.sources and "word for word from the sources instead" in given.notice


@pytest.mark.usefixtures("with_index")
@pytest.mark.parametrize(("written", "kept"), [("{good} A whistling wh", True), ("Gold is yellow [1]. And", False)])
def test_of_an_answer_that_was_cut_whole_sentences_that_are_backed_are_kept_and_nothing_is_written_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: str, kept: bool
) -> None:
    asked: list[int] = []

    def stream(self: local.LocalChat, messages: list[BaseMessage], **_: object) -> Iterator[ChatGenerationChunk]:
        asked.append(len(messages))
        yield ChatGenerationChunk(message=AIMessageChunk(written.format(good=BACKED)))
        yield ChatGenerationChunk(message=AIMessageChunk("", response_metadata={"finish_reason": "length"}))

    monkeypatch.setattr(local.LocalChat, "_stream", stream)
    monkeypatch.setenv("MEDHIVE_LOCAL_MODEL", str(folder))
    get_settings.cache_clear()
    given = answer("What are the symptoms of asthma?", provider="local")
    assert len(asked) == 1 and "was cut at the length limit" in given.notice
    assert given.verbatim is not kept
    assert given.provider.startswith("Local model") is kept
    assert "whistling wh" not in given.text
    assert ("as far as sources back it, is shown" in given.notice) is kept


@pytest.mark.usefixtures("with_index")
def test_reading_the_model_takes_no_time_from_its_answer_and_a_late_answer_keeps_what_is_backed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patience, clock = get_settings().answer_patience, [0.0]
    monkeypatch.setattr("rag.llm.writer.time.monotonic", lambda: clock[0])

    def read() -> tuple[None, None]:
        clock[0] += 2 * patience
        return None, None

    def stream(self: local.LocalChat, messages: list[BaseMessage], **_: object) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(f"{BACKED} A whistling"))
        clock[0] += 2 * patience
        yield ChatGenerationChunk(message=AIMessageChunk(" whi"))

    monkeypatch.setattr(local.LocalChat, "_stream", stream)
    option = choice.Option("federated", "Read slowly", "")
    monkeypatch.setitem(choice._OFFERED, "federated", (lambda: option, lambda: local.writer("Read slowly", read)))
    given = answer("What are the symptoms of asthma?", provider="federated")
    assert given.provider == "Read slowly" and BACKED[:-5] in given.text and "whistling whi" not in given.text
    assert f"took longer than {patience:.0f} seconds" in given.notice and "is shown" in given.notice


@pytest.mark.usefixtures("with_index")
@pytest.mark.parametrize(
    ("written", "kept", "most"),
    [
        (f"{BACKED} ", True, 4),
        ("Gold is a yellow metal [1]. ", False, 4),
        ("word {number} of gold is a word. ", False, 50),
    ],
)
def test_a_model_that_writes_the_same_sentence_again_is_stopped_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: str, kept: bool, most: int
) -> None:
    read: list[int] = []
    left: list[bool] = []

    def stream(self: local.LocalChat, messages: list[BaseMessage], **_: object) -> Iterator[ChatGenerationChunk]:
        try:
            for number in range(50):
                read.append(number)
                yield ChatGenerationChunk(message=AIMessageChunk(written.format(number=number)))
            yield ChatGenerationChunk(message=AIMessageChunk("", response_metadata={"finish_reason": "stop"}))
        finally:
            left.append(True)

    monkeypatch.setattr(local.LocalChat, "_stream", stream)
    monkeypatch.setenv("MEDHIVE_LOCAL_MODEL", str(folder))
    get_settings.cache_clear()
    given = answer("What are the symptoms of asthma?", provider="local")
    assert left == [True] and (len(read) <= most if most < 50 else len(read) == most)
    assert given.verbatim is not kept
    if kept:
        assert given.text.count(BACKED[:-5]) == 1 and not given.notice


@pytest.mark.usefixtures("with_index")
def test_a_model_that_is_not_there_is_said_in_a_sentence_before_the_sources_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDHIVE_LOCAL_MODEL", str(tmp_path))
    get_settings.cache_clear()
    given = answer("What are the symptoms of asthma?", provider="local")
    assert given.verbatim and "no causal language model" in given.notice


def test_the_champion_is_offered_as_a_provider_and_kept_warm(champion: int) -> None:
    assert [option.kind for option in options()] == ["extractive"]
    offer_champion()
    offered = {option.kind: option for option in options()}
    assert offered["federated"].name == "Federated model (experimental), version 1" and not offered["federated"].place
    given = answer("What are the symptoms of asthma?", provider="federated")
    assert given.verbatim and "word for word from the sources instead" in given.notice
    assert load_model(champion) is load_model(champion)


def test_an_emergency_comes_before_the_federated_model(champion: int) -> None:
    offer_champion()
    assert answer("My father has crushing chest pain and cannot breathe", provider="federated").red_flag is not None


def test_the_champions_adapter_is_what_writes(champion: int) -> None:
    offer_champion()
    network = load_model(champion).network
    with torch.no_grad():
        ids = torch.tensor([[5, 9, 20, 30]])
        assert not torch.allclose(network.model(input_ids=ids).logits, bases.base().model(input_ids=ids).logits)
