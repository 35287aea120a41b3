"""Figures as Markdown: a table a workload, with the ratio to the plain loop in every column."""

from collections.abc import Mapping, Sequence

from benchmarks.figures import LOSS_FLOOR, LOSS_TOLERANCE, Figures, Measured

TITLES = {
    "mlp": "mlp: WDBC, network 30-64-32-1, 10 sites, 20 rounds, Adam, batch 32",
    "cnn": "cnn: PneumoniaMNIST, small CNN, 4 sites, 5 rounds, Adam, batch 64",
    "many": "many: network 30-16-1, 1000 sites of 8 rows, 3 rounds, SGD, batch 8",
    "head": "head: BreastMNIST, one linear layer over frozen features, 10 sites, 20 rounds, Adam, batch 32",
}


def markdown(
    measured: Measured,
    missing: Mapping[str, Mapping[str, str]],
    disagreements: Sequence[str],
    titles: Mapping[str, str],
    origin: Mapping[str, str],
) -> str:
    """Return the whole page.

    Parameters
    ----------
    missing : workload → system → why there are no figures.
    disagreements : sentences about systems that did another computation.
    titles : system → name in words.
    origin : what the figures come from, such as commit, machine and command.
    """
    lines = ["# Federated rounds, measured", ""]
    lines += [f"- {name}: {value}" for name, value in origin.items()]
    lines += [
        "",
        "Medians; in brackets the ratio to the plain loop on one thread. A warm round, the whole command from start to "
        "exit, the time from its start to the end of the first round, the peak of memory over all its processes (PSS), "
        f"and scores on the same held-out rows. Losses count as equal within {LOSS_TOLERANCE:.0%} or {LOSS_FLOOR}.",
        "",
    ]
    lines += [f"**Not the same computation:** {sentence}" for sentence in disagreements]
    for workload, systems in measured.items():
        lines += ["", f"## {TITLES[workload]}", ""]
        lines += [
            "| system | warm round | whole command | first round | memory | loss | AUC |",
            "|---|---|---|---|---|---|---|",
        ]
        plain = systems.get("plain")
        lines += [f"| {titles[system]} | {_row(figures, plain)} |" for system, figures in systems.items()]
        absent = {system: reason.replace("|", "/") for system, reason in missing.get(workload, {}).items()}
        lines += [f"| {titles[system]} | not measured: {reason} | | | | | |" for system, reason in absent.items()]
    return "\n".join(lines) + "\n"


def _row(figures: Figures, plain: Figures | None) -> str:
    texts = {
        "round_s": milliseconds(figures.round_s),
        "total_s": f"{figures.total_s:.2f} s",
        "first_round_s": f"{figures.first_round_s:.2f} s",
        "pss_mb": f"{figures.pss_mb:.0f} MB",
    }
    cells = [text + _ratio(name, figures, plain) for name, text in texts.items()]
    return " | ".join([*cells, f"{figures.loss:.4f}", f"{figures.auc:.4f}"])


def milliseconds(seconds: float) -> str:
    """Return a short time in words, with about three digits that count."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def _ratio(name: str, figures: Figures, plain: Figures | None) -> str:
    return f" ({getattr(figures, name) / getattr(plain, name):.2f} ×)" if plain else ""
