"""What FED-MED, the system before MedHive, says of itself, and what is to be thought of each figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A figure that was claimed, in words, and a sentence about it."""

    said: str
    about: str


CLAIMS = {
    "size": Claim(
        "7,000 MB become 13 MB, 99.82 % less; 0.09 % of the weights are trained",
        "That compares a model of 7 billion weights with its adapters: true of any LoRA of that rank, a matter of "
        "arithmetic. Here the part is larger, since the base is fifty times smaller.",
    ),
    "convergence": Claim(
        "loss falls from .3789 to .0685, by 62.5 %",
        "From .3789 to .0685 is a fall of 82 %, not of 62.5 %. The losses here are of answers that no site trains on.",
    ),
    "aggregation": Claim(
        "loss .1893 naive, .1685 weighted by rows, .1145 agentic",
        "These re-weight one set of reported losses; no model was joined and scored. Here each rule joins the same "
        "real updates of the last round, and each model is scored on the same held-out answers; with hospitals that "
        "are honest and trained alike the three can hardly differ.",
    ),
    "weights": Claim(
        "the agent weighs hospitals by quality",
        "Here a weight is what an update counts in the joined model, "
        "found by least squares. The agent leaves the weights by rows only where that is surely better on rows of the "
        "server.",
    ),
    "speed": Claim(
        "60 s for a first answer, 7 s for a warm one: 9 times",
        "Most of a first answer is reading the model, whatever the model, and theirs is fifty times larger: only the "
        "ratio can be compared. Measured here as a new process against a model kept in memory.",
    ),
    "privacy": Claim(
        "privacy 100 %",
        "There is no such figure. Measured here are the records that sites share, what travels, and how well an "
        "attacker tells training records from others by their loss; without noise no ε is bounded.",
    ),
}
