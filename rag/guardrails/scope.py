"""What the companion does not do, said politely and with what it can do instead.

It informs from sources. It names no dose for a person, prescribes nothing, tells nobody what they have, and does no
work that has nothing to do with health. General questions ("what do statins do?") are never refused here.
"""

import re
from dataclasses import dataclass

from rag.intent import plain


@dataclass(frozen=True)
class Refusal:
    """Why a question is not answered, and what can be asked instead."""

    kind: str
    text: str


_I = (
    r"(i|we|my (\w+ )?(husband|wife|partner|mother|mum|mom|father|dad|son|daughter|baby|child|kid"
    r"|toddler|friend|brother|sister|grand\w+|boy|girl|patient)|he|she|(a|my"
    r"|our) \w+[- ]year[- ]old)"
)
_MEDICINE = (
    r"(medicines?|medications?|drugs?|tablets?|pills?|capsules?|drops|syrup|puffs|units|insulin|antibiotics?"
    r"|painkillers?"
    r"|steroids?|opioids?|antidepressants?|statins?|warfarin|metformin|paracetamol|acetaminophen|tylenol"
    r"|calpol|ibuprofen"
    r"|advil|aspirin|amoxicillin|morphine|codeine|tramadol|oxycodone|xanax|diazepam|valium|lorazepam|adderall|ritalin"
    r"|prednisolone|prednisone|zopiclone|melatonin|sertraline|fluoxetine|lithium|digoxin|ramipril"
    r"|lisinopril|bisoprolol"
    r"|atenolol|amlodipine|furosemide|omeprazole|gabapentin|pregabalin|semaglutide|ozempic|levothyroxine|methotrexate"
    r"|\w+(cillin|mycin|statin|pril|olol|sartan|azole|prazole|oxetine|azepam|zepam|codone))"
)
_TASKS = (
    r"(poem|haiku|song|lyrics|essay|novel|email|e-mail|letter|cv|resume|cover letter|python|javascript|java"
    r"|c\+\+|sql|html"
    r"|code|script|program|function|regex|website|app|tweet|blog post|advert|slogan|speech|sonnet"
    r"|limerick|recipe|joke)"
)

_RULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "dose",
        "I cannot name a dose for you or anybody else: the right one depends on age, weight, kidneys and other "
        "medicines. The leaflet, a pharmacist or the prescriber can. I can tell you what a medicine does and what "
        "to watch for.",
        (
            (
                rf"\bhow (much|many|often)\b.{{0,60}}\b(can|should|do|may|must|could|shall"
                rf"|to) {_I} (safely )?(take|give|have|use|inject|swallow)\b"
            ),
            rf"\bhow (much|many|often|long)\b.{{0,60}}\b{_MEDICINE}\b.{{0,40}}\b(should|can|do|may|must"
            rf"|could) {_I}\b",
            rf"\bhow (often|long) (can|should|do|may|must|could) {_I} (take|use|give \w+|inject)\b",
            (
                rf"\bhow (much|many)\b.{{0,30}}\b{_MEDICINE}\b.{{0,40}}\b(for|to) (me|my|him|her|a \d+|give|take"
                rf"|an? \w+[- ](year|month)[- ]old)\b"
            ),
            (
                rf"\b(what|which|right|correct|best|proper) (is the )?(\w+ )?(dose|dosage|dosing|amount"
                rf"|strength)\b.{{0,60}}\b(for (me|my|him|her|us|a \d+|an? \d+)|should {_I}|can {_I}|i (weigh|am)"
                rf"|do i)\b"
            ),
            (
                rf"\b(double|halve|increase|raise|lower|reduce|skip|split|up|change|adjust|titrate"
                rf"|stop taking)\b.{{0,15}}\b(my|his|her|the|our) (\w+ ){{0,2}}(dose|dosage|{_MEDICINE})\b"
            ),
            (
                r"\b(i|he|she|child|baby|son|daughter|kid)\b.{0,20}\b(weighs?|is|at) \d+ ?(kg|kilos?|pounds|lbs?"
                r"|stone)\b.{0,80}\b(dose|dosage|how (much|many)|mg|ml)\b"
            ),
            r"\b(dose|dosage|how (much|many)|mg|ml)\b.{0,80}\b(weighs?|at|of) \d+ ?(kg|kilos?|pounds|lbs?|stone)\b",
            (
                rf"\b(can|should|may|could) {_I} (take|have|give (my )?\w+) (\d+|two|three|four|another|more|extra"
                rf"|an extra)\b.{{0,25}}\b(mg|ml|{_MEDICINE})\b"
            ),
            (
                r"\b(calculate|work out|tell me|give me|suggest|recommend)\b.{0,30}\b(my|the|a|his"
                r"|her) (\w+ ){0,2}(dose|dosage)\b"
            ),
        ),
    ),
    (
        "prescription",
        "I cannot prescribe, renew or recommend a medicine for you; a doctor or, for some, a pharmacist can. I can "
        "tell you which groups of medicines are used for a condition, how they work and what side effects they have.",
        (
            (
                rf"\b(prescribe|write|issue|renew|refill|fill|get|give|send|order)\b.{{0,20}}\b(me"
                rf"|us)\b.{{0,30}}\b(prescriptions?|{_MEDICINE})\b"
            ),
            (
                r"\b(prescribe|refill|renew) (me|us|something|my|a|some)\b|\b(write|issue|need|want|get) (me )?(a"
                r"|my|another) (new |repeat )?(prescription|sick note|medical certificate)\b"
            ),
            (
                rf"\b(which|what) ({_MEDICINE}) (should|shall|do|would|must) (i|we|my \w+|he|she) (take|buy|get"
                rf"|use|start|give)\b"
            ),
            (
                r"\b(without|no) (a )?prescription\b.{0,40}\b(get|buy|order|where|obtain)\b|\b(get|buy|order"
                r"|obtain|where)\b.{0,60}\bwithout (a )?prescription\b"
            ),
            r"\bshould i (start|begin|go on|switch to|be on|come off|stop|quit) (taking )?(my )?(\w+ )?"
            + _MEDICINE
            + r"\b",
        ),
    ),
    (
        "diagnosis",
        "I cannot tell what you or somebody else has; that takes an examination by a doctor. I can explain symptoms, "
        "what can cause them, which tests there are and when to seek care.",
        (
            r"\b(diagnose|diagnosing) (me|my|him|her|us|this|these|it)\b|\b(give|tell) me (a|my|the) diagnos\w+",
            r"\bwhat (is|'s|are) wrong with (me|my \w+|him|her)\b|\bwhat'?s wrong with (me|my \w+|him|her)\b",
            (
                r"\b(what|which) (illness|disease|condition|disorder|sickness|infection|cancer) (do|does|have) (i"
                r"|he|she|my \w+) (have|got)?\b"
            ),
            r"\bwhat (do|have) i (have|got)\b\??$|\btell me what (i have|he has|she has|my \w+ has)\b",
            (
                r"\b(do|does) (i|he|she|my (\w+ )?\w+) (really |definitely |maybe )?(have|has|got) (a "
                r"|an )?(\w+ ){0,2}(cancer|tumou?r|diabetes|asthma|copd|lupus|ms|adhd|autism|depression|flu|covid"
                r"|pneumonia|hiv|stroke|dementia|ibs|thyroid|infection|fracture|leukaemia|leukemia|disease"
                r"|syndrome|disorder|arthritis|anaemia|anemia|migraine|endometriosis|pcos)\b"
            ),
            (
                r"\b(is|are) (this|my|these|that|the) (\w+ ){0,3}(mole|lump|rash|spot|scan|x-?ray|mri|ct|ecg|ekg"
                r"|result|results|report|lesion|photo|picture)\b.{0,30}\b(cancer\w*|malignant|benign|normal"
                r"|abnormal|serious|dangerous|melanoma|infected)\b"
            ),
            (
                r"\b(read|interpret|look at|analy[sz]e|assess|evaluate|judge) (my|this|his|her|these"
                r"|our) (\w+ ){0,2}(x-?ray|scan|mri|ct|ecg|ekg|blood (test|results?|work)|results?|report|mole"
                r"|rash|photo|image|picture|symptoms)\b"
            ),
            r"\b(confirm|rule out) (that )?(i|he|she|my \w+) (have|has|don'?t|doesn'?t)\b",
            r"\bam i (having|suffering from|getting|developing) (a |an )?\w+(\?|$)|\bhave i got (a |an )?\w+",
        ),
    ),
    (
        "task",
        "That is outside what I do. I answer questions on health from sources: a condition, its symptoms, causes, "
        "tests and treatment, first aid, or a group of medicines.",
        (
            (
                rf"\b(write|compose|draft|code|program|debug|create|make|generate|give|tell|build) (me "
                rf"|us )?(up )?(a|an|some|the|my|this) ((\w|-)+ ){{0,3}}{_TASKS}\b"
            ),
            (
                r"\b(translate|proofread|rewrite|paraphrase|spell ?check|refactor) (this|the|my|it|following|into"
                r"|to|['\"])|\btranslate .{1,60} (in)?to (english|french|german|spanish|italian|chinese|latin)\b"
            ),
            (
                r"\b(stock|crypto|bitcoin|shares?|invest\w*|lottery|horoscope|weather|football score|flight to"
                r"|hotel in|cinema|playlist)\b.{0,40}\b(today|tomorrow|tip|tips|should i|buy|recommend|best"
                r"|forecast|book|for me|numbers)\b"
            ),
            (
                r"\b(should i|best) (buy|invest|bet)\b.{0,30}\b(stock|crypto|bitcoin|shares?|gold|car|phone"
                r"|house)\b|\bbook (me )?a (flight|hotel|table|taxi)\b"
            ),
            (
                r"\b(solve|calculate|integrate|differentiate) (this |the )?(equation|integral|sum|maths?|\d)"
                r"|\bdo my homework\b"
            ),
            (
                r"\b(play|let'?s play) (a game|chess|tic|hangman|trivia)\b|\bpretend (to be|you are"
                r"|you're) (?!a patient)\w+|\brole-?play\b"
            ),
            (
                r"\b(hack|crack|bypass|phish\w*|pirate|torrent)\b.{0,30}\b(password|account|wifi|wi-fi|website"
                r"|software|bank)\b|\bhow (do i|to) (make|build) a (bomb|weapon|gun|virus)\b"
            ),
        ),
    ),
)
_COMPILED = [(Refusal(kind, text), [re.compile(pattern) for pattern in patterns]) for kind, text, patterns in _RULES]


def out_of_scope(question: str) -> Refusal | None:
    """Return why ``question`` is not for the companion, or None when it may be searched for."""
    text = plain(question)
    return next((refusal for refusal, patterns in _COMPILED if any(p.search(text) for p in patterns)), None)
