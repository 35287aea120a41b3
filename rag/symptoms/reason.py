"""How likely each condition is after a complaint and some answers, and which question tells most next.

Bayes' rule with symptoms taken as independent given the condition, and a text model's opinion as one more piece of
evidence. The next question is the one with the greatest expected information gain: it lowers the entropy of what is
still possible most, on average over its answers (Lindley, On a measure of the information provided by an experiment,
1956).
"""

import math
from collections.abc import Mapping, Sequence

from rag.symptoms.table import Condition, Symptom, table

_FLOOR = 0.01  # no model is so sure that a class is impossible
_SILENT = 0.35  # how much it counts that a complaint does not name a symptom: people do not tell everything
_TRUST = 0.7  # how much an answer counts: symptoms are not independent, and answers are not always right


def posterior(
    said: Mapping[str, bool], answers: Mapping[str, bool], opinion: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the probability of each condition; they sum to 1.

    Parameters
    ----------
    said : symptoms that the complaint names, by name; True where it has them.
    answers : the same for questions that were asked.
    opinion : a model's calibrated probability of each of its classes, by label. It has read the complaint, so ``said``
        then counts only for conditions that are none of its classes, and these are weighed apart.
    """
    return ranked_among(list(table().conditions.values()), said, answers, opinion)


def ranked_among(
    conditions: Sequence[Condition],
    said: Mapping[str, bool],
    answers: Mapping[str, bool],
    opinion: Mapping[str, float] | None,
) -> dict[str, float]:
    """Return the same among ``conditions`` only."""
    logs: dict[str, float] = {}
    for condition in conditions:
        if opinion is not None and condition.label in opinion:
            value = math.log(max(opinion[condition.label], _FLOOR / len(opinion)))
        else:
            value = math.log(condition.prior) + _told(condition, said)
        logs[condition.name] = value + _TRUST * sum(
            _log_chance(condition, table().symptoms[name], yes) for name, yes in answers.items()
        )
    most = max(logs.values())
    weights = {name: math.exp(value - most) for name, value in logs.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def next_question(probabilities: Mapping[str, float], known: Mapping[str, bool], among: Sequence[str] = ()) -> str:
    """Return the name of the symptom to ask for next; empty when nothing more would tell much.

    Parameters
    ----------
    probabilities : of the conditions, by name.
    known : symptoms that need not be asked for any more.
    among : symptoms to choose from; all where none are given.
    """
    gains = {
        symptom.name: gain(probabilities, symptom)
        for symptom in table().symptoms.values()
        if symptom.name not in known and (not among or symptom.name in among)
    }
    best = max(gains, key=lambda name: gains[name], default="")
    return best if best and gains[best] >= _WORTH else ""


_WORTH = 0.02  # bits below which a question is not worth a person's time


def gain(probabilities: Mapping[str, float], symptom: Symptom) -> float:
    """Return by how many bits the answer about ``symptom`` lowers the entropy, on average."""
    conditions = table().conditions
    yes = {name: p * conditions[name].chance(symptom) for name, p in probabilities.items()}
    no = {name: p - yes[name] for name, p in probabilities.items()}
    return _entropy(probabilities) - sum(
        total * _entropy({name: p / total for name, p in part.items()})
        for part in (yes, no)
        if (total := sum(part.values())) > 0
    )


def _told(condition: Condition, said: Mapping[str, bool]) -> float:
    told = sum(_log_chance(condition, table().symptoms[name], yes) for name, yes in said.items())
    silent = sum(
        _log_chance(condition, table().symptoms[name], False) for name in condition.chances if name not in said
    )
    return _TRUST * told + _SILENT * silent


def _log_chance(condition: Condition, symptom: Symptom, yes: bool) -> float:
    chance = condition.chance(symptom)
    return math.log(chance if yes else 1.0 - chance)


def _entropy(probabilities: Mapping[str, float]) -> float:
    return -sum(p * math.log2(p) for p in probabilities.values() if p > 0)
