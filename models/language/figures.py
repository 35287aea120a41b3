"""The figures of a language model in its card: what held-out answers cost, by round and by site."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.token_metrics import AT


def figures(manifest: Mapping[str, Any]) -> list[str]:
    """Return the lines that follow the heading, Markdown."""
    data, scores = manifest["data"], manifest["scores"]
    kind = "generated" if data["synthetic"] else "real"
    named = {"Loss, nats a token": "loss", "Perplexity": "perplexity"}
    named |= {f"Loss at {name.removeprefix(AT)}": name for name in scores if name.startswith(AT)}
    return [
        f"On {manifest['n']} held-out {kind} answers to questions that nobody trained on; 95 % bootstrap intervals, "
        "whole answers drawn again, in brackets.",
        "",
        "| metric | value (95 % interval) |",
        "|---|---|",
        *(f"| {words} | {between(scores[name])} |" for words, name in named.items()),
        "",
        f"Trained on records of {len(data['sites'])} sites, which hold {data['n_training']:,}, with "
        f"{manifest['strategy']}, {manifest['rounds']} rounds of at most {_steps(manifest)} at a site, seed "
        f"{manifest['seed']}. Made on {manifest['created'][:10]} by `{manifest['command']}`.",
        *curve(manifest.get("curve", ()), "Loss on these answers, round by round; round 0 is the base:"),
        *_benefit(manifest),
    ]


WORDS = {
    "loss": "loss, nats a token",
    "perplexity": "perplexity",
    "rouge_l": "ROUGE-L with the reference",
    "similarity": "similarity of meaning",
    "supported": "sentences that the reference backs",
    "choice": "right choices of four",
}


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return what an examination found as lines of text, each with model, base and difference."""
    shown = []
    for name, score in found["model"].items():
        measure, _, hospital = name.partition(" at ")
        words = WORDS[measure] + (f", {hospital}" if hospital else "")
        difference = found["difference"].get(name)
        said = f"{words:46} {between(score)}  base {between(found['base'][name])}"
        shown.append(said + (f"  difference {between(difference)}" if difference else ""))
    return shown


def between(score: Mapping[str, float | None]) -> str:
    """Return a value with its interval."""
    if score["value"] is None:
        return "not defined"
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def _steps(manifest: Mapping[str, Any]) -> str:
    asked = manifest["request"]
    return f"{asked['steps']} steps of {asked['batch_size']} answers" if asked["steps"] else "an epoch"


def curve(rounds: Sequence[Mapping[str, float]], beginning: str) -> list[str]:
    """Return the table of losses by round; ``beginning`` says what is judged and what round 0 is."""
    if not rounds:
        return []
    names = [name for name in rounds[0] if name.startswith(AT)]
    return [
        "",
        beginning,
        "",
        "| round | all | " + " | ".join(name.removeprefix(AT) for name in names) + " |",
        "|---" * (2 + len(names)) + "|",
        *(
            f"| {each['round']} | {each['loss']:.3f} | " + " | ".join(f"{each[name]:.3f}" for name in names) + " |"
            for each in rounds
        ),
    ]


def _benefit(manifest: Mapping[str, Any]) -> list[str]:
    found, ours = manifest.get("benefit", {}), manifest["scores"]
    alone = {name: scores["local"] for name, scores in found.items() if "local" in scores}
    if not alone:
        return []
    pooled = found.get("pooled", {}).get("pooled")
    named = f"all rows in one place, with {_steps(manifest)} a round"
    return [
        "",
        f"What each site would have alone, after as many rounds of {_steps(manifest)}, on the same answers:",
        "",
        "| trained by | loss, answers of all sites | loss, its own answers | federated, its own answers |",
        "|---|---|---|---|",
        *(
            f"| {name} alone | {between(scores['loss'])} | {_own(scores, name)} | {_own(ours, name)} |"
            for name, scores in alone.items()
        ),
        f"| all, federated | {between(ours['loss'])} | | |",
        *([f"| {named} | {between(pooled['loss'])} | | |"] if pooled else []),
    ]


def _own(scores: Mapping[str, Any], site: str) -> str:
    return between(scores[AT + site]) if AT + site in scores else "none held out"
