"""The privacy budget of a run: how much noise keeps it, and how much of it is spent after a round.

Two levels. ``example``: one row more or less at a site (a patient, where a patient is one row); every site adds noise
to each step of its own training, so its update is safe before it leaves. ``client``: one site more or less; its update
is clipped, and the coordinator adds noise to the mean of all.
"""

import math
from dataclasses import dataclass

from fl.privacy import accountant
from fl.request import RequestError, RunRequest


@dataclass(frozen=True)
class Budget:
    """What one member, a row or a site, may lose in a run.

    Parameters
    ----------
    epsilon, delta : the most it may lose.
    noise : standard deviation of the noise of a step, as a multiple of the most that one member can change it.
    rate : chance with which a member takes part in a step.
    steps : in a round.
    """

    epsilon: float
    delta: float
    noise: float
    rate: float
    steps: int

    def spent(self, rounds: int) -> float:
        """Return ε after ``rounds`` rounds, as if the member had been asked in each of them."""
        return accountant.epsilon(self.noise, self.rate, self.steps * rounds, self.delta)

    def allows(self, round: int) -> bool:
        """Whether a round can still be done: after it, no more than the budget is spent."""
        return self.spent(round) <= self.epsilon


def of_row(request: RunRequest, rows: int) -> Budget:
    """Return the budget of each of a site's ``rows``; raises RequestError when no noise keeps it."""
    # in hundredths, so that sites of nearly the same size share one computation of their noise
    rate = min(1.0, math.ceil(100 * request.batch_size / max(rows, 1)) / 100)
    steps = request.local_epochs * math.ceil(1 / rate)
    return _budget(request, rate, min(steps, request.steps or steps))


def of_site(request: RunRequest) -> Budget:
    """Return the budget of each site; raises RequestError when no noise keeps it.

    Sampling a part of the sites for each round makes it no smaller: the account is kept as if all were asked.
    """
    return _budget(request, 1.0, 1)


def _budget(request: RunRequest, rate: float, steps: int) -> Budget:
    noise = request.dp_noise
    if not noise:
        try:
            noise = accountant.noise_for(request.dp_epsilon, request.dp_delta, rate, steps * request.rounds)
        except accountant.NoNoiseIsEnough as error:
            raise RequestError(f"{error}: ask for a larger dp_epsilon or fewer rounds.") from None
    return Budget(request.dp_epsilon, request.dp_delta, noise, rate, steps)
