"""What the knowledge graph can say: kinds of nodes, relations between them, and the sentence each relation makes."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["disease", "symptom", "sign", "test", "drug class", "treatment", "ECG finding", "anatomy", "risk factor"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_BODY: frozenset[Kind] = frozenset({"disease", "symptom", "sign", "ECG finding"})
_TROUBLE: frozenset[Kind] = frozenset({"disease", "ECG finding"})


@dataclass(frozen=True)
class Relation:
    """One relation: which kinds it joins, and its sentence.

    ``sentence`` is filled with the phrases of subject ``s`` and object ``o``, ``name`` of the object, and the verbs
    ``be`` and ``concern`` in the subject's number. ``backwards`` says that cause and effect run from object to subject.
    """

    subjects: frozenset[Kind]
    objects: frozenset[Kind]
    sentence: str
    backwards: bool = False


def _only(*kinds: Kind) -> frozenset[Kind]:
    return frozenset(kinds)


RELATIONS: dict[str, Relation] = {
    "part_of": Relation(_only("anatomy"), _only("anatomy"), "{s} {be} part of {o}."),
    "kind_of": Relation(
        _only("disease", "drug class", "ECG finding"),
        _only("disease", "drug class", "ECG finding"),
        "{s} {be} a kind of {name}.",
    ),
    "affects": Relation(_only("disease"), _only("anatomy"), "{s} can affect {o}."),
    "concerns": Relation(_only("ECG finding"), _only("anatomy"), "{s} {concern} {o}."),
    "symptoms": Relation(_TROUBLE, _only("symptom"), "{s} can cause {o}."),
    "signs": Relation(_only("disease"), _only("sign"), "A sign of {s} can be {o}."),
    "ecg": Relation(_only("disease"), _only("ECG finding"), "On an ECG, {s} can show as {o}."),
    "tests": Relation(_only("disease"), _only("test"), "{o} can help to find or follow {s}."),
    "drugs": Relation(_TROUBLE, _only("drug class"), "{o} can help to treat {s}."),
    "treatments": Relation(_TROUBLE, _only("treatment"), "{o} can help to treat {s}."),
    "risks": Relation(
        _only("disease"),
        _BODY | _only("risk factor", "drug class", "treatment"),
        "{o} can raise the risk of {s}.",
        backwards=True,
    ),
    "caused_by": Relation(
        _TROUBLE, _BODY | _only("risk factor", "drug class", "treatment"), "{o} can cause {s}.", backwards=True
    ),
    "leads_to": Relation(_TROUBLE, _BODY | _only("risk factor"), "{s} can lead to {o}."),
    "examines": Relation(_only("test"), _only("anatomy"), "{s} can be used to look at {o}."),
    "shows": Relation(_only("test"), _only("sign", "ECG finding", "symptom"), "{s} can show {o}."),
    "side_effects": Relation(_only("drug class"), _BODY | _only("risk factor"), "{s} can cause {o} as a side effect."),
    "unsuited": Relation(
        _only("drug class"), _BODY | _only("risk factor"), "{s} may be unsuitable in the case of {o}."
    ),
    "interacts": Relation(_only("drug class"), _only("drug class"), "{s} and {o} can interact."),
    "prevents": Relation(_only("drug class", "treatment"), _only("disease"), "{s} can help to prevent {o}."),
}
