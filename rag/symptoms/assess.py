"""The assessment: from a complaint and answers to red flags, ranked possibilities, and how soon to be seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rag.article import Link
from rag.guardrails import RedFlag
from rag.symptoms.complaint import symptoms_in
from rag.symptoms.reason import next_question, posterior, ranked_among
from rag.symptoms.table import SOON, Condition, Soon, table
from rag.symptoms.urgency import Alarm, Person, alarms, most_urgent

LONGEST_COMPLAINT = 1000  # characters
MOST_QUESTIONS = 8
SHOWN = 5
_LIKELY = 0.1  # probability from which a possibility hastens or calms
_EXPECTED = 0.5  # share of people with a condition who have a symptom, from which it is missed
_WORTH_A_LOOK = 0.02  # below it a possibility is not shown
NOTICE = (
    "These are possibilities to talk over with a doctor, not a diagnosis. Research demonstration, not for clinical use."
)
WHAT_TO_DO: dict[Soon, str] = {
    "emergency": "Call 112, 999 or 911 now.",
    "today": "Speak to a doctor today; outside opening hours, call the out-of-hours service.",
    "appointment": "Make an appointment with a doctor in the next days.",
    "self-care": "This can mostly be looked after at home; see a doctor when it gets worse or does not pass.",
}


class ComplaintError(ValueError):
    """The complaint cannot be taken; the message is one sentence and never repeats it."""


@dataclass(frozen=True)
class Opinion:
    """What a trained model makes of a complaint: calibrated probability by class label, and which version said so."""

    probabilities: Mapping[str, float]
    version: str


class TextModel(Protocol):
    """A model of the hive that reads complaints."""

    def __call__(self, text: str) -> Opinion | None:
        """Return its opinion; None when the text is too far from what it was trained on."""
        ...


@dataclass(frozen=True)
class Possibility:
    """One thing it might be; ``speaks_for`` and ``against`` are symptoms in words."""

    name: str
    probability: float
    speaks_for: tuple[str, ...]
    against: tuple[str, ...]
    soon: Soon
    care: str
    source: Link
    topic: str = ""  # the article of the companion


@dataclass(frozen=True)
class Assessment:
    """What can be said; ``question`` is the symptom to ask for next, empty at the end.

    ``version`` names the model that gave the probabilities; empty when they come from the checklist alone and are
    rough. ``others`` fit as well and are none of the model's classes. ``maybe`` is an emergency that the words may
    mean.
    """

    red_flag: RedFlag | None
    alarms: tuple[Alarm, ...]
    soon: Soon
    what_to_do: str
    possibilities: tuple[Possibility, ...]
    others: tuple[Possibility, ...] = ()
    question: str = ""
    version: str = ""
    said: Mapping[str, bool] = field(default_factory=dict)
    maybe: RedFlag | None = None
    notice: str = NOTICE


def assess(
    complaint: str,
    who: Person,
    answers: Mapping[str, bool],
    skipped: frozenset[str] = frozenset(),
    model: TextModel | None = None,
) -> Assessment:
    """Weigh a complaint.

    Parameters
    ----------
    complaint : in words, at most 1,000 characters. It is neither kept nor logged.
    who : age group, sex, duration, severity.
    answers : symptoms that were asked for, by name.
    skipped : symptoms that were asked for and not answered.
    model : reads the complaint; without it, and for texts far from its training, the table alone ranks.

    Raises
    ------
    ComplaintError
        When the complaint is empty, too long, or an answer is about no symptom of the table.
    """
    complaint = complaint.strip()
    if not complaint:
        raise ComplaintError("Say in a few words what the trouble is.")
    if len(complaint) > LONGEST_COMPLAINT:
        raise ComplaintError(
            f"The complaint has {len(complaint):,} characters; at most {LONGEST_COMPLAINT:,} can be read."
        )
    if unknown := sorted(answers.keys() - table().symptoms.keys()):
        raise ComplaintError(f"There is no symptom {unknown[0]!r}; see the list of symptoms.")
    said = symptoms_in(complaint)
    known = {**said, **answers}
    flag, maybe, rules = alarms(complaint, known, who)
    opinion = model(complaint) if model else None
    conditions = table().conditions
    of_model = [c for c in conditions.values() if opinion and c.label in opinion.probabilities]
    others = [c for c in conditions.values() if opinion and c not in of_model]
    probabilities = (
        ranked_among(of_model, said, answers, opinion.probabilities) if opinion else posterior(said, answers)
    )
    beside = ranked_among(others, said, answers, None) if others else {}
    shown = [_possibility(conditions[name], p, known) for name, p in _best(probabilities)]
    fitting = [_possibility(conditions[name], p, known) for name, p in _best(beside)[:2] if known]
    likely = [entry.soon for entry in shown if entry.probability >= _LIKELY]
    at_least: Soon = "emergency" if flag else "today" if maybe else SOON[-1]
    soon = most_urgent(*(alarm.soon for alarm in rules), *likely, at_least)
    asked = len(answers) + len(skipped)
    question = ""
    if soon != "emergency" and asked < MOST_QUESTIONS:
        weighed = {**{name: p * 0.75 for name, p in probabilities.items()}, **{n: p * 0.25 for n, p in beside.items()}}
        question = next_question(weighed if beside else probabilities, {**known, **dict.fromkeys(skipped, False)})
    return Assessment(
        flag,
        rules,
        soon,
        WHAT_TO_DO[soon],
        tuple(shown),
        tuple(entry for entry in fitting if entry.speaks_for),
        question,
        opinion.version if opinion else "",
        said,
        maybe,
    )


def _best(probabilities: Mapping[str, float]) -> list[tuple[str, float]]:
    ranked = sorted(probabilities.items(), key=lambda entry: -entry[1])[:SHOWN]
    return [(name, p) for place, (name, p) in enumerate(ranked) if place < 2 or p >= _WORTH_A_LOOK]


def _possibility(condition: Condition, probability: float, known: Mapping[str, bool]) -> Possibility:
    symptoms = table().symptoms
    belong = condition.chances
    fits = tuple(symptoms[name].title for name, yes in known.items() if yes and name in belong)
    missing = tuple(f"No: {symptoms[n].title}" for n, yes in known.items() if not yes and belong.get(n, 0) >= _EXPECTED)
    strange = tuple(f"Unusual: {symptoms[name].title}" for name, yes in known.items() if yes and name not in belong)
    return Possibility(
        condition.name,
        probability,
        fits,
        (*missing, *strange),
        condition.soon,
        condition.care,
        condition.source,
        condition.topic,
    )
