"""Writing an answer word by word, as the training asked for it: no passages, no checks. Not for people to rely on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.language.tokens import asked, opening
from rag.llm.opening import computed

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MOST_TOKENS = 80
_REPEATED = 4  # words in a row that are not said twice: small models go round in circles


def write(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", question: str, most: int = MOST_TOKENS
) -> str:
    """Return the most probable answer to ``question``, without sampling."""
    return "".join(pieces(model, tokenizer, question, most))


def pieces(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", question: str, most: int = MOST_TOKENS
) -> Iterator[str]:
    """Yield the answer as it is written."""
    import torch

    begins, given = opening(tokenizer), asked(tokenizer, question)
    kept = computed(model, begins)
    ids, said, shown = torch.tensor([given[len(begins) if kept is not None else 0 :]]), list[int](), ""
    ends = {tokenizer.eos_token_id}
    with torch.inference_mode():
        while len(said) < most:
            found = model(input_ids=ids, past_key_values=kept, use_cache=True)
            kept = found.past_key_values
            scores = found.logits[0, -1].float()
            for token in _would_repeat(said):
                scores[token] = -torch.inf
            token = int(scores.argmax())
            if token in ends:
                break
            said.append(token)
            text = str(tokenizer.decode(said, skip_special_tokens=True))
            if not text.endswith("�"):  # half a letter
                yield text[len(shown) :]
                shown = text
            ids = torch.tensor([[token]])


def _would_repeat(said: list[int]) -> list[int]:
    """Return the tokens that would complete a run that was written before."""
    before = said[len(said) - _REPEATED + 1 :] if len(said) >= _REPEATED - 1 else None
    if before is None:
        return []
    size = _REPEATED - 1
    return [said[at + size] for at in range(len(said) - size) if said[at : at + size] == before]
