"""Agentic aggregation: in every round an agent looks at each update, decides what it counts, and says why.

MedHive's own rule. It sees what a server may see: the loss of each update on the server's calibration rows (never on
the rows that results are scored on, and never the loss that a site reports), its size, its direction, how these were
in earlier rounds, and the number of rows. Judging updates by a few rows of the server follows Xie, Koyejo and Gupta
(2019), "Zeno", https://arxiv.org/abs/1805.10032, and Cao et al. (2021), "FLTrust", https://arxiv.org/abs/2012.13995;
choosing among aggregates by their loss is ours.

With u the sites' moves from the global weights w, n their rows and L the loss on the server's rows:

1. **Clip.** No move is longer than CLIP × the median length of the round.
2. **Suspect.** evidence = z(L(w + u)) + AGAINST × max(0, −cos(u, median u)), where z is the distance above the median
   loss in robust standard deviations, from 0 to WORST; suspicion = MEMORY × suspicion + (1 − MEMORY) × evidence.
3. **Decide.** Candidates are the means, by rows, of all sites, of all but the most suspect one, of all but the two
   most suspect ones, and so on, never fewer than half; and the same with each site's rows counting
   exp(−suspicion / SOFT) as much, at least LEAST. In that order the first one is taken that the best does not beat
   by both MARGIN of its loss and SURE standard errors of the difference, row by row: no more is left out than must be.
4. **Switch.** After PATIENCE rounds in which the loss has not fallen by PROGRESS below its best, the server's optimiser
   may be another one in that round: a part of the step, or momentum, if that is as surely better.

Constants were chosen on a quarter of the training rows, set aside for that; the scoring rows had no part in it. With
honest sites that are alike it is federated averaging. No site ever weighs more than its share of the rows among
those kept, divided by LEAST.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data.table import FloatArray
from fl.strategies.info import Parameter, StrategyInfo
from fl.strategies.rule import Array, Round

if TYPE_CHECKING:
    from flwr.serverapp.strategy import FedAvg

CLIP = 2.0
WORST = 8.0
AGAINST = 4.0
MEMORY = 0.6
SOFT, LEAST = 2.0, 0.25
MARGIN, SURE = 0.001, 2.0
PATIENCE, PROGRESS = 3, 0.01
STEPS, MOMENTUM = (0.5, 0.25), 0.5


class Agentic:
    """The rule; ``state`` holds suspicion by site, the last move, the best loss and how long it has stood."""

    def __init__(self, margin: float = MARGIN) -> None:
        self.state: dict[str, NDArray[Any]] = {}
        self._margin = margin

    def join(self, round: Round) -> tuple[FloatArray, str]:
        """Return the weights decided on, and the sentence why."""
        moves, clipped = clip((round.weights - round.start).astype(np.float64))
        losses = round.judge(_models(round.start, moves)).mean(axis=1)
        suspicion = self._suspicion(round, evidence(losses, moves))
        weighings = candidates(round.shares, suspicion)
        found = round.judge(_models(round.start, weighings @ moves))
        chosen = surely_best(found, self._margin)
        move, how = self._step(round, weighings[chosen] @ moves)
        of_both = float(found[0].mean()), float(found[chosen].mean())
        return (round.start + move).astype(np.float32), sentence(round, weighings[chosen], clipped, of_both, how)

    def _suspicion(self, round: Round, seen: Array) -> Array:
        kept = self.state.get("suspicion", np.zeros(round.sites)).copy()
        at = list(round.positions)
        kept[at] = MEMORY * kept[at] + (1 - MEMORY) * seen
        self.state["suspicion"] = kept
        now: Array = kept[at]
        return now

    def _step(self, round: Round, move: Array) -> tuple[Array, str]:
        """Return the move of the server's optimiser, and what is to be said of it."""
        before = float(round.judge(round.start[None]).mean())
        best, stalled = self.state.get("progress", np.array([np.inf, 0.0]))
        stalled = 0.0 if before < (1 - PROGRESS) * best else stalled + 1
        last = self.state.get("move", np.zeros_like(move))
        self.state["progress"] = np.array([min(best, before), stalled])
        self.state["move"] = move
        if stalled < PATIENCE:
            return move, ""
        tries = np.stack([move, *(size * move for size in STEPS), move + MOMENTUM * last])
        chosen = surely_best(round.judge(_models(round.start, tries)), self._margin)
        self.state["move"] = tries[chosen]
        return tries[chosen], ("", *(f"takes {size:g} of the step" for size in STEPS), "adds momentum")[chosen]


def clip(moves: Array) -> tuple[Array, Sequence[int]]:
    """Return the (s, p) moves with none longer than CLIP × their median length, and which were."""
    sizes = np.linalg.norm(moves, axis=1)
    limit = CLIP * float(np.median(sizes))
    factor = np.minimum(1.0, limit / np.maximum(sizes, 1e-12))
    return moves * factor[:, None], np.flatnonzero(factor < 1).tolist()


def evidence(losses: Array, moves: Array) -> Array:
    """Return (s,) how much each update looks wrong, 0 for not at all, from its loss and its direction."""
    finite = np.where(np.isfinite(losses), losses, np.nan)
    if np.isnan(finite).all():
        return np.zeros(len(losses))
    middle = float(np.nanmedian(finite))
    spread = 1.4826 * float(np.nanmedian(np.abs(finite - middle))) + 0.02 * middle + 1e-9
    worse = np.clip((finite - middle) / spread, 0.0, WORST)
    middle_move = np.median(moves, axis=0)
    lengths = np.linalg.norm(moves, axis=1) * np.linalg.norm(middle_move)
    cosines = moves @ middle_move / np.maximum(lengths, 1e-12)
    seen: Array = np.where(np.isnan(worse), WORST, worse) + AGAINST * np.maximum(0.0, -cosines)
    return seen


def surely_best(losses: Array, margin: float) -> int:
    """Return the first of (c, n) losses by row whose mean the lowest mean does not clearly beat."""
    means = losses.mean(axis=1)
    gains = losses - losses[int(np.argmin(means))]
    count = losses.shape[1]
    errors = gains.std(axis=1, ddof=1) / np.sqrt(count) if count > 1 else np.zeros(len(losses))
    return int(np.argmax(gains.mean(axis=1) <= np.maximum(margin * means, SURE * errors)))


def candidates(shares: Array, suspicion: Array) -> Array:
    """Return (c, s) weighings, each adding up to 1; the first is the mean of all by rows."""
    order = np.argsort(suspicion, kind="stable")
    soft = np.maximum(np.exp(-suspicion / SOFT), LEAST)
    found = []
    for kept in range(len(shares), len(shares) // 2, -1):
        here = order[:kept]
        for trust in (np.ones(len(shares)), soft):
            weighing = np.zeros(len(shares))
            weighing[here] = shares[here] * trust[here]
            found.append(weighing / weighing.sum())
    return np.stack(found)


def sentence(round: Round, weighing: Array, clipped: Sequence[int], losses: tuple[float, float], how: str) -> str:
    """Return why the round was joined as it was.

    Parameters
    ----------
    weighing : (s,) what was decided.
    clipped : sites whose move was shortened.
    losses : on the server's rows, of the plain mean and of what was decided.
    how : what the server's optimiser does, empty for an ordinary step.
    """
    plain, chosen = losses
    left_out = [name for name, weight in zip(round.names, weighing, strict=True) if not weight]
    if left_out:
        said = [f"sets aside {', '.join(left_out)}: loss {chosen:.3f} on the server's rows, {plain:.3f} with them"]
    elif np.allclose(weighing, round.shares):
        said = [f"keeps all {len(round.names)} sites by their rows: no other weighing is clearly better"]
    else:
        least = round.names[int(np.argmin(weighing / round.shares))]
        said = [
            f"keeps all sites and trusts {least} least: loss {chosen:.3f} on the server's rows instead of {plain:.3f}"
        ]
    if clipped:
        said.append(f"shortens the update of {', '.join(round.names[site] for site in clipped)}")
    if how:
        said.append(how)
    return f"Round {round.number}: the agent {'; '.join(said)}."


def _models(start: FloatArray, moves: Array) -> FloatArray:
    models: FloatArray = (start + moves).astype(np.float32)
    return models


def _make(settings: Mapping[str, float]) -> "FedAvg":
    from fl.strategies.ruled import Ruled

    return Ruled(Agentic(settings["margin"]))


INFO = StrategyInfo(
    name="agentic",
    title="Agentic",
    summary="An agent tests every update on rows of the server, sets outliers aside, and says why in every round.",
    paper="https://arxiv.org/abs/1805.10032",
    parameters=(
        Parameter(
            name="margin",
            title="Margin",
            default=MARGIN,
            low=0.0,
            high=0.5,
            help="How much better, in parts of the loss, another weighing must be before the mean by rows is left.",
        ),
    ),
    make=_make,
    individual=True,
)
