"""What can be said of a run's privacy, as the lines of one panel: from its request and from what was counted."""

from fl.progress import RunView
from fl.wording import who_worded

Line = dict[str, str]


def spent(run: RunView) -> float | None:
    """Return ε spent so far, None in a run without a budget."""
    found = [point.metrics["epsilon"] for point in run.history if "epsilon" in point.metrics]
    return found[-1] if found else None


def headline(run: RunView) -> list[tuple[str, str, str]]:
    """Return (label, value, note) for the figures on top."""
    asked, sent = run.request, sum(site.bytes_up for site in run.sites)
    now, rounds = spent(run), [point.metrics.get("secure_seconds") for point in run.history]
    secure = [seconds for seconds in rounds if seconds is not None]
    budget = (
        ("ε spent", f"{now or 0:.2f}", f"of {asked.dp_epsilon:g} at δ = {asked.dp_delta:g}, {_level(run)}")
        if asked.dp_epsilon
        else ("ε spent", "no limit", "no noise was asked for")
    )
    price = f"secure sums took {sum(secure) / len(secure):.2f} s a round" if secure else "one by one"
    return [
        budget,
        ("Coordinator sees", "the sum only" if asked.secure_aggregation else "each update", price),
        ("Left all sites", _size(sent), f"{_size(sent / max(1, len(run.sites)))} a site, in updates"),
        ("Rows that left a site", "0", "by construction"),
    ]


def left(run: RunView) -> list[Line]:
    """Return what left each site: a line a kind."""
    asked, sites = run.request, max(1, len(run.sites))
    lines = []
    if not asked.private:
        what = "medians, counts, sums and sums of squares of its columns"
        lines.append({"What": what, "How much": "once, two numbers a column each", "Protected by": "nothing"})
    protected = [
        *(["noise at the site"] if asked.dp_epsilon and asked.dp_level == "example" else []),
        *(["clipping; noise on the mean"] if asked.dp_epsilon and asked.dp_level == "client" else []),
        *(["masks that only the sum takes off"] if asked.secure_aggregation else []),
    ]
    bytes_ = sum(site.bytes_up for site in run.sites) / sites
    what = "masked whole numbers of 32 bits" if asked.secure_aggregation else "weights of the network after training"
    size = f"{_size(bytes_)} over {run.round} rounds"
    lines.append({"What": what, "How much": size, "Protected by": "; ".join(protected) or "nothing"})
    if asked.secure_aggregation:
        lines.append({"What": "public keys; sealed shares", "How much": "each round", "Protected by": "encryption"})
    else:
        lines.append({"What": "its number of rows, seconds", "How much": "each round", "Protected by": "nothing"})
    if asked.benefit:
        what = "the model it trained alone, for comparison"
        lines.append({"What": what, "How much": "once, as large as an update", "Protected by": "nothing"})
    if asked.personal:
        what = "loss and accuracy of two models on rows it set aside"
        lines.append({"What": what, "How much": "once, 18 numbers", "Protected by": "nothing"})
    return lines


def seen(run: RunView) -> list[Line]:
    """Return who could see what."""
    asked = run.request
    coordinator = (
        "the sum of each round, numbers of rows from receipts, seconds; no update, no score of one"
        if asked.secure_aggregation
        else "each update and its seconds; scores of updates are not shown to anybody"
        if asked.dp_epsilon and asked.dp_level == "client"
        else "each update, its score on held-out rows, numbers of rows, seconds"
    )
    here = run.executor != "deployed"
    return [
        {"Who": "A site", "Could see": "its own rows; the global model of each round"},
        {"Who": "Coordinator and admins", "Could see": coordinator},
        *(
            {"Who": name, "Could see": "what the agent said of rounds, with marks in place of the names of sites"}
            for name in who_worded(event.text for event in run.events)
        ),
        {"Who": "Who gets the model", "Could see": "what the model remembers" + _remembers(run)},
        {
            "Who": "Who has this machine and the master key",
            "Could see": "all rows in this vault: sites of this run were computed here"
            if here
            else "no rows: sites computed at home",
        },
    ]


def kept(run: RunView) -> list[Line]:
    """Return what is stored, and what opens it."""
    rows = "in each site's own vault" if run.executor == "deployed" else "HOME/vault"
    sealed = "AES-256-GCM"
    lines = [
        {"What": "contributed rows", "Where": rows, "Key": f"{sealed}, one key a site, wrapped by the master key"},
        {"What": "the model version", "Where": "HOME/versions", "Key": f"{sealed}, derived from the master key"},
    ]
    if run.status != "done":
        lines.append({"What": "last good model", "Where": "HOME/checkpoints", "Key": f"{sealed}, the same key"})
    lines += [
        {"What": "scores, events, settings", "Where": "HOME/medhive.db", "Key": "none: no rows, no weights"},
        {"What": "an export", "Where": "where it is sent", "Key": "open; signed with Ed25519, SHA-256"},
    ]
    return lines


def _remembers(run: RunView) -> str:
    asked = run.request
    if not asked.dp_epsilon:
        return "; the audit below estimates it"
    who = "row" if asked.dp_level == "example" else "site"
    return f", of one {who} at most ε = {asked.dp_epsilon:g} (with a seed that is no secret, for research only)"


def _level(run: RunView) -> str:
    return "of a row" if run.request.dp_level == "example" else "of a site"


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1000:.1f} kB"
