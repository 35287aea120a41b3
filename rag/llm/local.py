"""Any causal language model of transformers, on this machine, by folder or by its name in the local cache."""

import atexit
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from queue import Empty
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from rag.llm import opening
from rag.llm.writer import Trouble, Writer
from settings import get_settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Read = Callable[[], tuple[Any, Any]]  # gives tokenizer and model, or raises ModelMissing
MOST_TOKENS = 256  # of an answer
PASSAGES = 2  # a small model loses itself in more, and the oldest read 2,048 tokens at most
_NEXT_TOKEN = 60.0  # seconds
_ROLES = {"system": "", "human": "", "ai": "Answer: "}
_one_at_a_time = threading.Lock()
_AT_WORK: dict[threading.Thread, threading.Event] = {}  # threads that generate, and what tells them to stop


class ModelMissing(RuntimeError):
    """The model is not on this machine, or is no causal language model; the message is one sentence."""


class TooLong(ValueError):
    """Rules, passages and question do not fit into what the model can read."""


class LocalChat(BaseChatModel):
    """A causal language model as a LangChain chat model that streams, counts and says why it ended."""

    read: Read
    max_tokens: int = MOST_TOKENS

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._stream(messages)]
        text = "".join(str(chunk.content) for chunk in chunks)
        message = AIMessage(text, response_metadata=chunks[-1].response_metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        tokenizer, model = self.read()
        ids = tokenizer(as_prompt(tokenizer, messages), return_tensors="pt", add_special_tokens=True)
        asked = int(ids["input_ids"].shape[1])
        room = int(getattr(model.config, "max_position_embeddings", 0) or 0)
        if room and asked + self.max_tokens > room:
            raise TooLong(f"{asked} tokens")
        begins = ids["input_ids"][0, : fixed(tokenizer, messages, ids["input_ids"][0].tolist())].tolist()
        streamer = TextIteratorStreamer(
            tokenizer,
            skip_prompt=True,
            skip_special_tokens=True,
            timeout=_NEXT_TOKEN,
        )
        left = threading.Event()
        result: dict[str, Any] = {}

        def work() -> None:
            try:
                with _one_at_a_time:
                    result["ids"] = model.generate(
                        **ids,
                        past_key_values=opening.computed(model, begins),
                        max_new_tokens=self.max_tokens,
                        do_sample=False,
                        streamer=streamer,
                        stopping_criteria=StoppingCriteriaList([lambda *_, **__: left.is_set()]),
                        pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
                    )
            except Exception as error:  # told to the reader below
                result["error"] = error
                streamer.end()  # type: ignore[no-untyped-call]
            finally:
                _AT_WORK.pop(threading.current_thread(), None)

        worker = threading.Thread(target=work, name="local model", daemon=True)
        _AT_WORK[worker] = left
        worker.start()
        try:
            for piece in streamer:
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        finally:
            left.set()
        worker.join()
        if error := result.get("error"):
            raise error
        written = result["ids"].shape[1] - asked
        ends = model.generation_config.eos_token_id
        ended = int(result["ids"][0, -1]) in (ends if isinstance(ends, list) else [ends])
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                response_metadata={"finish_reason": "stop" if ended else "length"},
                usage_metadata=UsageMetadata(input_tokens=asked, output_tokens=written, total_tokens=asked + written),
            )
        )


@atexit.register
def _end() -> None:
    """Wait for the token that is computed: a process that ends beneath PyTorch's feet aborts."""
    for worker, left in list(_AT_WORK.items()):
        left.set()
        worker.join()


@lru_cache(maxsize=1)
def load(name_or_folder: str) -> "tuple[PreTrainedTokenizerBase, PreTrainedModel]":
    """Return tokenizer and model, read once a process; raises ModelMissing."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name_or_folder)
        model = AutoModelForCausalLM.from_pretrained(name_or_folder)
    except (OSError, ValueError, KeyError, ImportError):
        raise ModelMissing(f"There is no causal language model {name_or_folder} on this machine.") from None
    model.eval()  # type: ignore[no-untyped-call]
    return tokenizer, model


def as_prompt(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[BaseMessage]) -> str:
    """Return the messages by the model's own template, or plainly for a model that never learnt to chat."""
    roles = {"human": "user", "ai": "assistant"}
    if tokenizer.chat_template:
        talk = [{"role": roles.get(m.type, m.type), "content": str(m.content)} for m in messages]
        return str(tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True))
    return "\n\n".join([*(f"{_ROLES.get(m.type, '')}{m.content}" for m in messages), "Answer:"])


def fixed(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[BaseMessage], ids: Sequence[int]) -> int:
    """Return how many of the tokens ``ids`` of a prompt are those of its rules, the same for every question."""
    if messages[0].type != "system":
        return 0
    other = as_prompt(tokenizer, [messages[0], HumanMessage("?")])
    return opening.shared(ids[:-1], tokenizer(other, add_special_tokens=True)["input_ids"])


def explain(error: Exception) -> Trouble:
    """Return what an exception of the model means."""
    match error:
        case ModelMissing():
            return Trouble(str(error), again=False)
        case TooLong():
            return Trouble("The passages are too long for the local model.", again=False)
        case Empty():
            return Trouble("The local model took too long for its next word.", again=False)
        case MemoryError():
            return Trouble("The local model needs more memory than there is.", again=False)
        case _:
            return Trouble(f"The local model failed ({type(error).__name__}).", again=False)


def of_settings(name_or_folder: str) -> Writer:
    """Return the provider that asks the model of a folder, or of a name in the local cache."""
    shown = name_or_folder.rstrip("/").rpartition("/")[2]
    return writer(f"Local model, {shown}", partial(load, name_or_folder))


def writer(name: str, read: Read) -> Writer:
    """Return the provider that asks a model on this machine; it is read at the first question."""
    chat, patience = LocalChat(read=read), get_settings().answer_patience
    return Writer(name, "", chat, explain, patience, passages=PASSAGES, steady=True, ready=read)
