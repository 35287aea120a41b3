"""Figures of the guardrails: ``python -m tests.rag.measure_guardrails [--json FILE]``.

The sets in ``unseen/`` hold emergencies and look-alikes that the classifier neither learnt nor was chosen by, each
written by another who saw none of the phrasings. The first had been scored once before the rule for the threshold was
changed. Nobody looks at errors on them to mend them. The same authors wrote all of it, so strangers' words may fare
worse. ``talk.jsonl`` is what people type beside questions: thanks, single words, questions about the app.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag import embedding
from rag.guardrails import red_flag
from rag.guardrails.injection import is_attack
from rag.guardrails.phrasings import validation
from rag.guardrails.scope import out_of_scope

HERE = Path(__file__).parent
UNSEEN = sorted((HERE / "unseen").glob("*.jsonl"))


def lines(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file with one a line."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def share(hits: int, count: int) -> dict[str, Any]:
    """Return a share with its 95 % interval (Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953)."""
    z = 1.96
    middle = (hits + z * z / 2) / (count + z * z)
    half = z / (count + z * z) * (hits * (count - hits) / count + z * z / 4) ** 0.5
    return {
        "share": round(hits / count, 4),
        "low": round(middle - half, 4),
        "high": round(middle + half, 4),
        "n": count,
    }


def measure_emergencies(files: Sequence[Path]) -> dict[str, Any]:
    """Return recall and false alarms, overall and by group, the share named rightly, and milliseconds a call."""
    cases = [case for file in files for case in lines(file)]
    embedding.load()
    red_flag("hello")
    begun = time.process_time()
    flags = [red_flag(case["text"]) for case in cases]
    milliseconds = (time.process_time() - begun) * 1000 / len(cases)
    raised: dict[bool, dict[str, list[bool]]] = {True: defaultdict(list), False: defaultdict(list)}
    for case, flag in zip(cases, flags, strict=True):
        raised[case["kind"] is not None][case["group"]].append(flag is not None)
    named = [
        flag.kind == case["kind"]
        for case, flag in zip(cases, flags, strict=True)
        if flag and case["kind"] not in {None, "any"}
    ]
    result: dict[str, Any] = {
        "processor milliseconds a call": round(milliseconds, 1),
        "kind right": share(sum(named), len(named)),
    }
    for name, event in (("recall", True), ("false alarms", False)):
        groups = raised[event]
        everything = [hit for hits in groups.values() for hit in hits]
        result[name] = {
            "all": share(sum(everything), len(everything)),
            **{group: share(sum(hits), len(hits)) for group, hits in groups.items()},
        }
    return result


def measure_talk() -> dict[str, Any]:
    """Return the share of harmless talk that raises a red card."""
    cases = lines(HERE / "talk.jsonl")
    embedding.load()
    return {"taken for an emergency": share(sum(red_flag(case["text"]) is not None for case in cases), len(cases))}


def measure_scope() -> dict[str, Any]:
    """Return how many questions are declined that should be, and that should not."""
    cases = lines(HERE / "scope.jsonl")
    declined = {
        kind: [out_of_scope(c["text"]) is not None for c in cases if (c["kind"] is None) is kind]
        for kind in (True, False)
    }
    return {
        "declined, out of scope": share(sum(declined[False]), len(declined[False])),
        "declined, in scope": share(sum(declined[True]), len(declined[True])),
    }


def measure_attacks() -> dict[str, Any]:
    """Return how many attacks in questions are seen, and how many ordinary questions are taken for one."""
    attacks = [case["text"] for case in lines(HERE / "attacks.jsonl") if case["place"] == "question"]
    calm = [case["question"] for case in lines(HERE / "questions.jsonl")] + [line.text for line in validation()]
    return {
        "attacks seen": share(sum(map(is_attack, attacks)), len(attacks)),
        "taken for an attack": share(sum(map(is_attack, calm)), len(calm)),
    }


def main() -> None:
    """Print the figures, and write them when asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.rag.measure_guardrails", description=main.__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = {
        **{f"emergencies, set {file.stem}": measure_emergencies([file]) for file in UNSEEN},
        "emergencies, all sets": measure_emergencies(UNSEEN),
        "talk": measure_talk(),
        "scope": measure_scope(),
        "attacks": measure_attacks(),
    }
    for part, values in figures.items():
        print(part)
        for name, value in values.items():
            rows = (
                {name: value}
                if not isinstance(value, dict) or "share" in value
                else {f"{name}, {k}": v for k, v in value.items()}
            )
            for label, row in rows.items():
                text = (
                    f"{row['share']:.3f} [{row['low']:.3f}, {row['high']:.3f}] n={row['n']}"
                    if isinstance(row, dict)
                    else row
                )
                print(f"  {label:34} {text}")
    if options.json:
        command = f"python -m tests.rag.measure_guardrails --json {options.json}"
        options.json.write_text(json.dumps({"figures": figures, "command": command}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
