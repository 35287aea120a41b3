"""Train the classifier of emergencies from the phrasings of this package: ``python -m rag.guardrails.train``.

Half an hour of one core. The figures of the card come from cross-validation: a line is judged by a classifier that
learnt neither it nor the lines around it; the one that is shipped then learns all lines. With
``--begin`` all of them go on from the weights of an earlier commit, which takes a third of the time; lines that were
there then are learnt again, but not judged, since those weights know them:

    git archive COMMIT rag/guardrails | tar x -C /tmp/earlier
    python -m rag.guardrails.train --epochs 2 --begin /tmp/earlier/rag/guardrails

``python -m tests.rag.measure_guardrails`` gives the figures on phrasings that are in no file here.
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch.nn import functional

from rag.guardrails import encoder
from rag.guardrails.classifier import CARD_FILE, WEIGHTS_FILE, Classifier, load_from
from rag.guardrails.emergency import seen_by_patterns
from rag.guardrails.gloss import gloss
from rag.guardrails.phrasings import FILES, FOLDER, Phrasing, Variations, fold, read
from rag.intent import plain

Scores = NDArray[np.float32]

EPOCHS = 5
FOLDS = 3
_BATCH = 32
_RATE = 1.5e-3
_RATE_ON = 8e-4  # when going on from weights
_DECAY = 0.05
_DROPOUT = 0.1
_KIND_WEIGHT = 0.3  # of telling the kind, beside telling an emergency
_SMOOTHING = 0.01
_VARIED = 0.6  # share of the lines that are varied in an epoch
_BESIDE = 250  # texts of two sentences in an epoch, of either sort
_QUOTED = 300  # emergencies in an epoch that a frame makes harmless
_FALSE_ALARMS = 0.05  # on look-alikes that were not learnt, for the figures of the card
_MISSED = 5.0  # what a missed emergency costs in false alarms: the goals allow .01 of the ones and .05 of the others


def main() -> int:
    """Train, write weights and card, print the figures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rag.guardrails.train", description=main.__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"passes over the phrasings (default {EPOCHS})")
    parser.add_argument("--begin", type=Path, metavar="FOLDER", help="rag/guardrails of an earlier commit")
    parser.add_argument(
        "--keep-threshold",
        action="store_true",
        help="keep that of --begin: new lines that are harder than what people ask would move it",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE.parent, help="folder for weights and card")
    options = parser.parse_args()
    if options.keep_threshold and not options.begin:
        parser.error("--keep-threshold needs --begin, whose threshold is kept")
    begun = time.process_time()
    lines = [line for name in FILES for line in read(name)]
    known, begin, origin = set[str](), None, ""
    if options.begin:
        known = {line.text for name in FILES for line in read(name, options.begin / FOLDER.name)}
        begin = load_from(options.begin / WEIGHTS_FILE.name, options.begin / CARD_FILE.name)
        origin = json.loads((options.begin / CARD_FILE.name).read_text(encoding="utf-8"))["sha256"]
    new = [line for line in lines if line.text not in known]
    scores = unlearnt_scores(new, [line for line in lines if line.text in known], options.epochs, options.seed, begin)
    judge = fit(lines, options.epochs, options.seed, begin)
    card = {
        "what": "Tells texts that speak of an emergency from look-alikes: MiniLM with rank-16 additions and a layer",
        "command": f"python -m rag.guardrails.train --epochs {options.epochs} --seed {options.seed}"
        + " --begin FOLDER" * bool(options.begin)
        + " --keep-threshold" * options.keep_threshold,
        **({"begun from weights": origin} if origin else {}),
        "data": "phrasings/*.txt, written for this purpose; no patient's words",
        "lines": {"learnt": len(lines), "judged": len(new), "folds": FOLDS},
        **thresholds(scores, new, begin if options.keep_threshold else None),
        "kinds": judge.kinds,
        "processor seconds": round(time.process_time() - begun),
    }
    data = save({**{name: part.half() for name, part in judge.added.items()}, "head": judge.head, "bias": judge.bias})
    card["sha256"] = hashlib.sha256(data).hexdigest()
    (options.out / WEIGHTS_FILE.name).write_bytes(data)
    (options.out / CARD_FILE.name).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in card.items() if name != "kinds"}, indent=1))
    return 0


def unlearnt_scores(
    lines: list[Phrasing], known: list[Phrasing], epochs: int, seed: int, begin: Classifier | None = None
) -> Scores:
    """Return the score of each line by a classifier that learnt ``known`` and the blocks of the other folds."""
    place = np.array([fold(line, FOLDS) for line in lines])
    scores = np.zeros(len(lines), np.float32)
    for number in range(FOLDS):
        others = [line for line, own in zip(lines, place, strict=True) if own != number]
        judge = fit([*known, *others], epochs, seed, begin)
        out = np.flatnonzero(place == number)
        scores[out] = judge.scores([lines[i].text for i in out])[:, 0].numpy()
    return scores


def fit(lines: list[Phrasing], epochs: int, seed: int, begin: Classifier | None = None) -> Classifier:
    """Return a classifier that has learnt ``lines`` and what ``Variations`` makes of them, going on from ``begin``."""
    torch.manual_seed(seed)
    varied = Variations(seed)
    kinds = begin.kinds if begin else tuple(sorted({line.kind for line in lines if line.kind}))
    foreign = set(read("languages.txt"))
    english = [line for line in lines if line not in foreign]
    rate = _RATE_ON if begin else _RATE
    added = encoder.additions(torch.Generator().manual_seed(seed))
    head = torch.nn.Linear(768, 1 + len(kinds))
    if begin:
        added = {name: part.clone() for name, part in begin.added.items()}
        head.weight.data, head.bias.data = begin.head.clone(), begin.bias.clone()
    for part in added.values():
        part.requires_grad_()
    learnt = [*added.values(), *head.parameters()]
    optimiser = torch.optim.AdamW(learnt, lr=rate, weight_decay=_DECAY)
    schedule: torch.optim.lr_scheduler.OneCycleLR | None = None
    for epoch in range(epochs):
        batches = varied.batches(varied.epoch(lines, english, _VARIED, _BESIDE, _QUOTED), _BATCH)
        if schedule is None:
            steps = (len(batches) + 5) * epochs  # the number of batches differs a little between epochs
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=rate, total_steps=steps, pct_start=0.1)
        total = 0.0
        for batch in batches:
            numbers, mask = encoder.tokens([plain(gloss(line.text)) for line in batch])
            with torch.no_grad():
                hidden = encoder.lower(numbers, mask)
            loss = _loss(head(functional.dropout(encoder.upper(hidden, mask, added), _DROPOUT)), batch, kinds)
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


def thresholds(scores: Scores, lines: list[Phrasing], kept: Classifier | None = None) -> dict[str, object]:
    """Return the scores from which on there is an alarm, and how lines that were not learnt fare.

    The score is the one at which misses and false alarms on these lines cost least. With a pattern's support less is
    enough: half-way to the median of look-alikes. ``kept`` gives both instead. The figures at which one look-alike in
    twenty raises an alarm are there to compare classifiers; that score itself would miss too many emergencies.
    """
    event = np.array([line.kind is not None for line in lines])
    suspected = np.array([seen_by_patterns(line.text) is not None for line in lines])
    section = np.array([line.section for line in lines])
    median = float(np.median(scores[~event]))

    def alarms(threshold: float, lower: float | None = None) -> NDArray[np.bool_]:
        return scores >= np.where(suspected, (threshold + median) / 2 if lower is None else lower, threshold)

    def by_section(raised: NDArray[np.bool_], which: NDArray[np.bool_]) -> dict[str, float]:
        return {
            str(name): round(float(raised[which & (section == name)].mean()), 3) for name in sorted(set(section[which]))
        }

    def figures(threshold: float, lower: float | None = None) -> dict[str, object]:
        raised = alarms(threshold, lower)
        return {
            "threshold": round(threshold, 3),
            "recall": round(float(raised[event].mean()), 4),
            "recall of each kind": by_section(raised, event),
            "false alarms": round(float(raised[~event].mean()), 4),
            "false alarms of each kind": by_section(raised, ~event),
        }

    def cost(threshold: float) -> float:
        raised = alarms(threshold)
        return float(_MISSED * (1 - raised[event].mean()) + raised[~event].mean())

    tried = [float(score) for score in np.unique(scores)]
    chosen = kept.threshold if kept else min(tried, key=cost)
    lower = kept.threshold_suspected if kept else (chosen + median) / 2
    strict = next(score for score in tried if alarms(score)[~event].mean() <= _FALSE_ALARMS)
    return {
        "threshold": round(chosen, 3),
        "threshold_suspected": round(lower, 3),
        "cross-validated": figures(chosen, lower),
        "cross-validated at 5 % false alarms": figures(strict),
    }


if __name__ == "__main__":
    sys.exit(main())
