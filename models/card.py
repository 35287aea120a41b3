"""The figures in a task's model card: written from the manifest by the command that trained, never by hand."""

import re
from collections.abc import Mapping
from typing import Any

from models.language import figures as language

HEADING = "## Figures"
CROSS_VALIDATION = "## Cross-validation"
_NAMES = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "f1": "F1, mean over classes",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "loss": "Log loss",
    "ece": "Expected calibration error",
}


_CURVE = "Log loss on these rows before calibration, round by round; in round 0 nothing was learnt:"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def _score(score: Mapping[str, float | None]) -> str:
    return f"{_number(score['value'])} ({_number(score['low'])} to {_number(score['high'])})"


def figures(manifest: Mapping[str, Any]) -> str:
    """Return the section ``## Figures`` for a manifest, Markdown."""
    if "perplexity" in manifest["scores"]:
        return "\n".join([HEADING, "", *language.figures(manifest), ""])
    data = manifest["data"]
    kind = "generated" if data["synthetic"] else "real"
    sites, scores = data["sites"], manifest["scores"]
    point = "most probable class" if "f1" in scores else f"operating point {100 * manifest.get('threshold', 0.5):.3g} %"
    lines = [
        HEADING,
        "",
        f"On {manifest['n']} held-out {kind} rows that nobody trained on; 95 % bootstrap intervals in brackets; "
        f"calibrated probabilities, {point}.",
        "",
        "| metric | value (95 % interval) |",
        "|---|---|",
        *(f"| {words} | {_score(scores[name])} |" for name, words in _NAMES.items() if name in scores),
        "",
        f"Trained on {data['n_training']} rows at {len(sites)} {'site' if len(sites) == 1 else 'sites'} with "
        f"{manifest['strategy']}, {manifest['rounds']} rounds, seed {manifest['seed']}; calibrated on "
        f"{data['n_calibration']} rows. Made on {manifest['created'][:10]} by `{manifest['command']}`.",
    ]
    curve = language.curve(manifest.get("curve", ()), _CURVE)
    return "\n".join([*lines, *curve, *_classes(manifest), *_benefit(manifest), ""])


def _classes(manifest: Mapping[str, Any]) -> list[str]:
    found = manifest.get("classes", [])
    if not found:
        return []
    return [
        "",
        "Each class against all others, with every row given to its most probable class:",
        "",
        "| class | held-out rows | sensitivity | precision | F1 | AUC |",
        "|---|---|---|---|---|---|",
        *(
            f"| {each['name']} | {each['n']} | "
            + " | ".join(_score(each[name]) for name in ("sensitivity", "precision", "f1", "auc"))
            + " |"
            for each in found
        ),
    ]


def _benefit(manifest: Mapping[str, Any]) -> list[str]:
    found = manifest.get("benefit", {})
    pooled = found.get("pooled", {}).get("pooled")
    samples = {site["name"]: site["samples"] for site in manifest["data"]["sites"]}
    rows = [
        f"| {name} | {samples[name]} | {_score(scores['local']['auc'])} | {_score(scores['local']['accuracy'])} |"
        for name, scores in found.items()
        if name in samples and "local" in scores
    ]
    if not rows or pooled is None:
        return []
    return [
        "",
        "What each site would have alone, on the same held-out rows:",
        "",
        "| site | rows | AUC alone | accuracy alone |",
        "|---|---|---|---|",
        *rows,
        f"| all together, federated | {manifest['data']['n_training']} | {_score(manifest['scores']['auc'])} "
        f"| {_score(manifest['scores']['accuracy'])} |",
        f"| all rows in one place, for comparison | {manifest['data']['n_training']} | {_score(pooled['auc'])} "
        f"| {_score(pooled['accuracy'])} |",
    ]


def with_figures(card: str, manifest: Mapping[str, Any]) -> str:
    """Return ``card`` with its section ``## Figures`` written anew; raises ValueError when the card has none."""
    if not _section(HEADING).search(card):
        raise ValueError(f"The card has no section {HEADING!r} to write into.")
    return _section(HEADING).sub(lambda _: figures(manifest) + "\n", card, count=1)


def cross_validation(found: Mapping[str, Any]) -> str:
    """Return the section ``## Cross-validation`` for what fl.crossvalidation found and the command that found it."""
    columns = ("federated", "pooled", "best_alone")
    how = f"{found['folds']} folds of"
    if found.get("by_site"):
        how = f"Each of {found['folds']} sites left out in turn,"
    lines = [
        CROSS_VALIDATION,
        "",
        f"{how} {found['n']} rows, each scored once by a model that never saw it; {found['sites']} "
        "sites, calibrated probabilities. The mean over the folds stands beside what all rows in one place would give "
        "and the best site alone; the last column is of all rows together, with its 95 % bootstrap interval.",
        "",
        "| metric | federated | pooled | best site alone | federated, all rows together |",
        "|---|---|---|---|---|",
        *(
            f"| {words} | {' | '.join(_number(found[column][name]) for column in columns)} "
            f"| {_score(found['scores'][name])} |"
            for name, words in _NAMES.items()
            if name in found["scores"]
        ),
        "",
        *_judged(found),
        f"Seed {found['seed']}; made on {found['created'][:10]} by `{found['command']}`.",
        *_classes(found),
        *_groups(found),
        "",
    ]
    return "\n".join(lines)


def _judged(found: Mapping[str, Any]) -> list[str]:
    names = found.get("judged_classes")
    return [f"Mean F1 of {', '.join(names)}: {_score(found['judged'])}.", ""] if names and found.get("judged") else []


def _groups(found: Mapping[str, Any]) -> list[str]:
    parts = sorted(each["accuracy"] for each in found.get("groups", ()))
    if not parts:
        return []
    low, middle, high = (parts[round(at * (len(parts) - 1))] for at in (0.25, 0.5, 0.75))
    worst = min(found["groups"], key=lambda each: each["accuracy"])
    return [
        "",
        f"By patient ({len(parts)}): accuracy {middle:.3f} in the middle, half of them between {low:.3f} and "
        f"{high:.3f}; worst {worst['accuracy']:.3f} ({worst['name']}, {worst['n']} rows).",
    ]


def with_cross_validation(card: str, found: Mapping[str, Any]) -> str:
    """Return ``card`` with its section ``## Cross-validation`` written anew; a new one follows the figures."""
    text = cross_validation(found) + "\n"
    if _section(CROSS_VALIDATION).search(card):
        return _section(CROSS_VALIDATION).sub(lambda _: text, card, count=1)
    return _section(HEADING).sub(lambda before: before.group(0) + text, card, count=1)


def _section(heading: str) -> re.Pattern[str]:
    return re.compile(rf"^{heading}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
