"""A run on the hive map: which cell is in which state, now or after a round, and the sentence below the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.hive_map import HiveCell, hive_map
from components.theme import amount, duration, interval, number
from models.headline import headline

if TYPE_CHECKING:
    from fl.runs import RunView, SiteView

NAMED_MISSING = 3  # how many missing sites a caption names


def show_now(run: RunView, *, key: str, named: bool = True, title: str = "") -> None:
    """Draw the run as it stands.

    ``named=False`` hides the names of sites that contributed data; ``title`` comes before the sentence below.
    """
    said = " · ".join(part for part in (title, caption(run, named=named)) if part)
    hive_map(cells(run, named=named), round=run.round, rounds=run.rounds, caption=said, key=key)


def show_round(run: RunView, round_: int, *, key: str) -> None:
    """Draw the run as it stood after a round."""
    hive_map(cells(run, round_), round=round_, rounds=run.rounds, caption=round_caption(run, round_), key=key)


def cells(run: RunView, round_: int | None = None, *, named: bool = True) -> list[HiveCell]:
    """Return a cell a site, in the order of the run; ``round_`` looks back to the end of that round."""
    states = {site.position: site.state for site in run.sites}
    if round_ is not None:
        then = {point.position: point.state for point in run.site_history if point.round == round_}
        states = {site.position: then.get(site.position, "waiting") for site in run.sites}
    return [
        HiveCell(_name(site, named), amount(site.samples, "record") if site.samples else "", states[site.position])
        for site in run.sites
    ]


def _name(site: SiteView, named: bool) -> str:
    return site.name if named or site.site_id is None else f"Contributor {site.position + 1}"


def caption(run: RunView, *, named: bool = True) -> str:
    """Say in one line where the run stands."""
    if run.status == "queued":
        if run.phase not in ("", "queued"):
            return _sentence(run.phase)  # why it waits, though it may be the next
        ahead = (run.position_in_queue or 1) - 1
        return "Starts next." if ahead == 0 else f"Waits for {amount(ahead, 'run')} before it."
    if run.status == "running":
        parts = [f"Round {run.round} of {run.rounds}" if run.history else _sentence(run.phase or "starting")]
        if run.sites and run.history:
            here = sum(site.state == "answered" for site in run.sites)
            parts.append(f"{here} of {amount(len(run.sites), 'update')} in")
        if run.remaining is not None:
            parts.append(f"{left(run)} left")
        return " · ".join([*parts, *_missing(run, named)])
    if run.status == "done":
        said = f"{amount(run.round, 'round')} in {duration(run.elapsed)}"
        stands = headline(run.final)
        score = run.final.get(stands.metric)
        return f"{said} · {stands.word} {number(score['value'])}, 95 % interval {interval(score)}" if score else said
    word = "Cancelled" if run.status == "cancelled" else "Failed"
    return f"{word} after round {run.round} of {run.rounds}"


def left(run: RunView) -> str:
    """Return the remaining time in words: "about 12 s", "less than a second"; a dash where it is not known."""
    if run.remaining is None:
        return "–"
    return "less than a second" if run.remaining < 1 else f"about {duration(run.remaining)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _missing(run: RunView, named: bool) -> list[str]:
    lost = [_name(site, named) for site in run.sites if site.state in ("dropped", "refused")]
    if not lost:
        return []
    if len(lost) > NAMED_MISSING:
        return [f"{len(lost)} sites are left out"]
    return [f"{' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} left out"]


def round_caption(run: RunView, round_: int) -> str:
    """Say what happened in a round: how many answered, the score after it, who was left out and why."""
    done = next((point for point in run.history if point.round == round_), None)
    if done is None:
        return f"Round {round_} was not recorded."
    word, name = ("Perplexity", "perplexity") if "perplexity" in done.metrics else ("AUC", "auc")
    scores = f"{word} {number(done.metrics.get(name))} · log loss {number(done.loss)}"
    if round_ == 0:
        return f"Before training · {scores}"
    said = f"Round {round_} · {amount(done.replies, 'update')} in {duration(done.seconds)} · {scores}"
    reasons = [f"{failure['site']}: {failure['reason']}" for failure in done.failures[:NAMED_MISSING]]
    if len(done.failures) > NAMED_MISSING:
        reasons.append(f"{len(done.failures) - NAMED_MISSING} more left out")
    return " · ".join([said, *reasons])
