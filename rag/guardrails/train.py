"""Train the classifier of emergencies from the phrasings of this package: ``python -m rag.guardrails.train``.

Half an hour of one core. Threshold and figures of the card come from ``phrasings/validation.jsonl``, not learnt.
``python -m tests.rag.measure_guardrails`` gives the figures on phrasings that are in no file here.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch.nn import functional

from rag.guardrails import encoder
from rag.guardrails.classifier import CARD_FILE, WEIGHTS_FILE, Classifier, pieces
from rag.guardrails.emergency import seen_by_patterns
from rag.guardrails.gloss import gloss
from rag.guardrails.phrasings import FILES, Phrasing, Variations, read, validation
from rag.intent import plain

Scores = NDArray[np.float32]

EPOCHS = 4
_BATCH = 32
_RATE = 1.2e-3
_DECAY = 0.05
_DROPOUT = 0.1
_KIND_WEIGHT = 0.3  # of telling the kind, beside telling an emergency
_SMOOTHING = 0.01
_VARIED = 0.6  # share of the lines that are varied in an epoch
_BESIDE = 250  # texts of two sentences in an epoch, of either sort
_QUOTED = 300  # emergencies in an epoch that a frame makes harmless
_FALSE_ALARMS = 0.05  # of look-alikes that are not learnt; the goal


def main() -> int:
    """Train, write weights and card, print the figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rag.guardrails.train", description=main.__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"passes over the phrasings (default {EPOCHS})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE.parent, help="folder for weights and card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines, others = [line for name in FILES for line in read(name)], validation()
    judge = fit(lines, options.epochs, options.seed)
    scores = np.array([judge.scores(pieces(line.text))[:, 0].max() for line in others], np.float32)
    card = {
        "what": "Tells texts that speak of an emergency from look-alikes: MiniLM with rank-32 additions and a layer",
        "command": f"python -m rag.guardrails.train --epochs {options.epochs} --seed {options.seed}",
        "data": "phrasings/*.txt, written for this purpose; no patient's words",
        "lines": {"learnt": len(lines), "validation": len(others)},
        **thresholds(scores, others),
        "kinds": judge.kinds,
    }
    data = save({**{name: part.half() for name, part in judge.added.items()}, "head": judge.head, "bias": judge.bias})
    card["sha256"] = hashlib.sha256(data).hexdigest()
    (options.out / WEIGHTS_FILE.name).write_bytes(data)
    (options.out / CARD_FILE.name).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in card.items() if name != "kinds"}, indent=1))
    return 0


def fit(lines: list[Phrasing], epochs: int, seed: int) -> Classifier:
    """Return a classifier that has learnt ``lines`` and what ``Variations`` makes of them."""
    torch.manual_seed(seed)
    varied = Variations(seed)
    kinds = tuple(sorted({line.kind for line in lines if line.kind}))
    foreign = set(read("languages.txt"))
    english = [line for line in lines if line not in foreign]
    added = encoder.additions(torch.Generator().manual_seed(seed))
    head = torch.nn.Linear(768, 1 + len(kinds))
    for part in added.values():
        part.requires_grad_()
    learnt = [*added.values(), *head.parameters()]
    optimiser = torch.optim.AdamW(learnt, lr=_RATE, weight_decay=_DECAY)
    schedule: torch.optim.lr_scheduler.OneCycleLR | None = None
    for epoch in range(epochs):
        batches = varied.batches(varied.epoch(lines, english, _VARIED, _BESIDE, _QUOTED), _BATCH)
        if schedule is None:
            steps = (len(batches) + 5) * epochs  # the number of batches differs a little between epochs
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps, pct_start=0.1)
        total = 0.0
        for batch in batches:
            numbers, mask = encoder.tokens([plain(gloss(line.text)) for line in batch])
            loss = _loss(head(functional.dropout(encoder.vectors(numbers, mask, added), _DROPOUT)), batch, kinds)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {epochs}: loss {total / len(batches):.3f}", file=sys.stderr, flush=True)
    halved = {name: part.detach().half().float() for name, part in added.items()}
    return Classifier(kinds, 0.0, 0.0, halved, head.weight.detach().clone(), head.bias.detach().clone())


def _loss(scores: torch.Tensor, batch: list[Phrasing], kinds: tuple[str, ...]) -> torch.Tensor:
    wanted = torch.tensor([1 - _SMOOTHING if line.kind else _SMOOTHING for line in batch])
    loss = functional.binary_cross_entropy_with_logits(scores[:, 0], wanted)
    events = [place for place, line in enumerate(batch) if line.kind]
    if events:
        right = torch.tensor([kinds.index(str(batch[place].kind)) for place in events])
        loss = loss + _KIND_WEIGHT * functional.cross_entropy(scores[events, 1:], right)
    return loss


def thresholds(scores: Scores, lines: list[Phrasing]) -> dict[str, object]:
    """Return the scores from which on there is an alarm, and how these lines, which were not learnt, fare.

    The score is the lowest at which no more than one look-alike in twenty raises an alarm: within that goal, as few
    emergencies as possible are missed. With a pattern's support less is enough: half-way to the median of look-alikes.
    """
    event = np.array([line.kind is not None for line in lines])
    suspected = np.array([seen_by_patterns(line.text) is not None for line in lines])
    section = np.array([line.section for line in lines])
    median = float(np.median(scores[~event]))

    def alarms(threshold: float) -> NDArray[np.bool_]:
        return scores >= np.where(suspected, (threshold + median) / 2, threshold)

    chosen = next(score for score in map(float, np.unique(scores)) if alarms(score)[~event].mean() <= _FALSE_ALARMS)
    raised = alarms(chosen)

    def by_section(which: NDArray[np.bool_]) -> dict[str, float]:
        names = sorted(set(section[which]))
        return {str(name): round(float(raised[which & (section == name)].mean()), 3) for name in names}

    return {
        "threshold": round(chosen, 3),
        "threshold_suspected": round((chosen + median) / 2, 3),
        "on validation": {
            "recall": round(float(raised[event].mean()), 4),
            "recall of each kind": by_section(event),
            "false alarms": round(float(raised[~event].mean()), 4),
            "false alarms of each kind": by_section(~event),
        },
    }


if __name__ == "__main__":
    sys.exit(main())
