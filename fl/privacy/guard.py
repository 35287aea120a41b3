"""What the server of a run does for differential privacy, round by round."""

from typing import TYPE_CHECKING

import numpy as np

from fl.privacy import budget
from fl.privacy.budget import Budget
from fl.request import RequestError, RunRequest
from fl.watcher import SiteInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flwr.serverapp.strategy import FedAvg

    from fl.privacy.clients import Noised


class Guard:
    """Keeps the budget of a run; does nothing in one without.

    Parameters
    ----------
    request : of the run.
    sites : who takes part.

    Raises
    ------
    RequestError
        When no noise keeps the budget.
    """

    def __init__(self, request: RunRequest, sites: "Sequence[SiteInfo]") -> None:
        self._request = request
        self._budgets: list[Budget] = []
        if request.dp_epsilon and request.dp_level == "client":
            self._budgets = [budget.of_site(request)]
        elif request.dp_epsilon:
            sizes = {site.samples for site in sites}
            self._budgets = sorted({budget.of_row(request, size) for size in sizes}, key=lambda each: each.noise)

    def around(self, strategy: "FedAvg") -> "FedAvg | Noised":
        """Return the strategy, wrapped where noise is added to what it makes."""
        if not self._budgets or self._request.dp_level != "client":
            return strategy
        from fl.privacy.clients import Noised

        asked = self._request
        return Noised(strategy, noise=self._budgets[0].noise, clip=asked.dp_clip, seed=asked.seed)

    def spent(self, rounds: int) -> dict[str, float]:
        """Return {"epsilon": what the member that lost most has lost}; nothing without a budget."""
        return {"epsilon": max(each.spent(rounds) for each in self._budgets)} if self._budgets else {}

    def ends_before(self, round: int) -> str:
        """Return the sentence with which a run ends before ``round``, because that would exceed the budget; or ""."""
        if all(each.allows(round) for each in self._budgets):
            return ""
        then, now = (max(each.spent(rounds) for each in self._budgets) for rounds in (round, round - 1))
        return (
            f"Ended after round {round - 1} of {self._request.rounds}: ε {now:.2f} is spent, and another round would "
            f"make it {then:.2f}, more than {self._request.dp_epsilon:g}."
        )

    def words(self, weights: int, sites: int) -> list[str]:
        """Return sentences about the noise, for a network of ``weights`` weights and a run of ``sites`` sites."""
        if not self._budgets:
            return []
        asked = self._request
        limit = f"within ε = {asked.dp_epsilon:g} at δ = {asked.dp_delta:g}"
        if asked.dp_level == "example":
            low, high = self._budgets[0].noise, self._budgets[-1].noise
            noise = f"{low:.2f}" if np.isclose(low, high) else f"{low:.2f} to {high:.2f}"
            return [
                f"Privacy of rows: each site clips every row's gradient to {asked.dp_clip:g} and adds noise of {noise} "
                f"times that to each step, so that {asked.rounds} rounds stay {limit}."
            ]
        noise_, length = self._budgets[0].noise, self._budgets[0].noise * weights**0.5 / sites
        said = [
            f"Privacy of sites: each update is clipped to length {asked.dp_clip:g}, and the mean gets noise of "
            f"{noise_:.2f} times that over the number of sites, so that {asked.rounds} rounds stay {limit}."
        ]
        if length > LOUD:
            said.append(
                f"The noise of a round is {length:.0f} times as long as the longest update: with {sites} sites little "
                "will be learned. Hiding whole sites takes hundreds of them; rows can be hidden with few."
            )
        return said


LOUD = 3.0  # length of the noise, in clipped updates, from which a run hardly learns


def check_site(request: RunRequest, rows: int, round: int) -> Budget:
    """Return the budget of a site's rows; raises RequestError when ``round`` would exceed it: a site looks itself."""
    own = budget.of_row(request, rows)
    if not own.allows(round):
        raise RequestError(
            f"round {round} would spend ε {own.spent(round):.2f} of its rows, more than {request.dp_epsilon:g}"
        )
    return own
