"""How soon to be seen, whatever the cause: signs that make a complaint an emergency, and what else hastens it.

The first rule that fits counts. They are written from the public pages named in them, and err towards care.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from rag.article import Link
from rag.guardrails import RedFlag, red_flag
from rag.guardrails.rules import seen_by_rules
from rag.symptoms.table import SOON, Soon

Age = Literal["baby", "child", "adult", "older"]
Sex = Literal["female", "male", ""]
Lasting = Literal["hours", "days", "weeks", "months"]
Strength = Literal["mild", "moderate", "severe"]


@dataclass(frozen=True)
class Person:
    """Whom it is about, as far as it matters: "baby" is under one year, "older" 65 years and more."""

    age: Age = "adult"
    sex: Sex = ""
    pregnant: bool = False
    lasting: Lasting = "days"
    strength: Strength = "moderate"


@dataclass(frozen=True)
class Alarm:
    """A reason to be seen soon, in a sentence, with the page where it can be checked."""

    soon: Soon
    why: str
    source: Link


@dataclass(frozen=True)
class _Case:
    """What the rules look at."""

    symptoms: Mapping[str, bool]
    who: Person

    def has(self, *names: str) -> bool:
        """Whether any of these symptoms is there."""
        return any(self.symptoms.get(name, False) for name in names)


_RULES: tuple[tuple[Soon, str, str, str, Callable[[_Case], bool]], ...] = (
    (
        "emergency",
        "Chest pain with sweating, breathlessness or a feeling of sickness can be a heart attack.",
        "Heart attack",
        "https://medlineplus.gov/heartattack.html",
        lambda case: (
            case.has("chest_pain")
            and case.has("sweating", "breathlessness", "nausea", "vomiting")
            and case.who.lasting == "hours"
            and case.who.age != "child"
        ),
    ),
    (
        "emergency",
        "A stiff neck with fever, or with a strong headache and vomiting, can be meningitis.",
        "Meningitis",
        "https://medlineplus.gov/meningitis.html",
        lambda case: (
            case.has("stiff_neck") and case.has("fever") and (case.has("headache") or case.has("light_sensitivity"))
        ),
    ),
    (
        "emergency",
        "A swollen face, lips or tongue with trouble breathing or after a medicine can be a severe allergy.",
        "Anaphylaxis",
        "https://medlineplus.gov/anaphylaxis.html",
        lambda case: (
            case.has("swollen_face") and (case.has("breathlessness") or case.has("wheezing") or case.has("new_drug"))
        ),
    ),
    (
        "emergency",
        "A fever in a baby can mean a serious infection, in the first three months always.",
        "Fever",
        "https://medlineplus.gov/fever.html",
        lambda case: case.who.age == "baby" and case.has("fever"),
    ),
    (
        "emergency",
        "Severe shortness of breath needs help at once.",
        "Breathing problems",
        "https://medlineplus.gov/breathingproblems.html",
        lambda case: case.has("breathlessness") and case.who.strength == "severe",
    ),
    (
        "today",
        "Severe belly pain may need an operation; a doctor should feel the belly today.",
        "Abdominal pain",
        "https://medlineplus.gov/abdominalpain.html",
        lambda case: case.has("belly_pain") and (case.who.strength == "severe" or case.who.pregnant),
    ),
    (
        "today",
        "In pregnancy, a fever, vision changes, a strong headache or swelling should be looked at today.",
        "High blood pressure in pregnancy",
        "https://medlineplus.gov/highbloodpressureinpregnancy.html",
        lambda case: case.who.pregnant and case.has("fever", "vision_changes", "headache", "swollen_face"),
    ),
    (
        "today",
        "A swollen, painful leg on one side can be a clot.",
        "Deep vein thrombosis",
        "https://medlineplus.gov/deepveinthrombosis.html",
        lambda case: case.has("leg_swelling") and case.has("breathlessness"),
    ),
    (
        "today",
        "A fever after a stay in the tropics needs a blood test on the same day.",
        "Malaria",
        "https://medlineplus.gov/malaria.html",
        lambda case: case.has("fever") and case.has("travel"),
    ),
    (
        "today",
        "Chest pain or shortness of breath should be looked at today, even when it is mild.",
        "Chest pain",
        "https://medlineplus.gov/chestpain.html",
        lambda case: case.has("chest_pain") or case.has("breathlessness"),
    ),
    (
        "today",
        "Vomiting or diarrhoea dries out babies and older people quickly.",
        "Dehydration",
        "https://medlineplus.gov/dehydration.html",
        lambda case: case.who.age in ("baby", "older") and (case.has("vomiting") or case.has("diarrhoea")),
    ),
    (
        "today",
        "Severe complaints should be seen today.",
        "When to use the emergency room",
        "https://medlineplus.gov/ency/patientinstructions/000593.htm",
        lambda case: case.who.strength == "severe",
    ),
    (
        "appointment",
        "Weight loss without trying, or blood in stool or urine, should be looked into.",
        "Gastrointestinal bleeding",
        "https://medlineplus.gov/gastrointestinalbleeding.html",
        lambda case: case.has("weight_loss") or case.has("stool_blood") or case.has("urine_look"),
    ),
    (
        "appointment",
        "What lasts for weeks should be looked at.",
        "Talking with your doctor",
        "https://medlineplus.gov/talkingwithyourdoctor.html",
        lambda case: case.who.lasting in ("weeks", "months"),
    ),
)


def alarms(
    complaint: str, has: Mapping[str, bool], who: Person
) -> tuple[RedFlag | None, RedFlag | None, tuple[Alarm, ...]]:
    """Return what makes a complaint urgent.

    First the emergency that its words tell of plainly; then one that they may mean, as the classifier of the companion
    hears it, which would rather warn too often; then every rule that fits, the most urgent first.
    """
    case = _Case(has, who)
    found = tuple(
        Alarm(soon, why, Link(f"MedlinePlus: {title}", url)) for soon, why, title, url, fits in _RULES if fits(case)
    )
    heard = red_flag(complaint)
    plainly = heard if seen_by_rules(complaint) else None
    ranked = tuple(sorted(found, key=lambda alarm: SOON.index(alarm.soon)))
    return plainly, None if plainly else heard, ranked


def most_urgent(*soon: Soon) -> Soon:
    """Return the most urgent of ``soon``."""
    return min(soon, key=SOON.index)
