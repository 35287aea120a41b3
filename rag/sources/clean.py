"""What is taken out of texts before they are indexed: sentences that say nothing, and lists of links."""

import re
from collections.abc import Sequence

_BEGINNINGS = re.compile(
    "|".join(
        (
            # how to read the table of signs at Genetic and Rare Diseases
            r"the human phenotype ontology( \(hpo\))? provides",
            r"if the information is available, the table below",
            r"you can use the medlineplus medical dictionary",
            r"much of this information comes from orphanet",
            r"the frequency of a sign or symptom is usually listed",
            r"the frequency may also be listed as a fraction",
            r"the first number of the fraction",
            r"for example, a frequency of 25/25",
            r"because these frequencies are based on a specific study",
            r"sometimes, no information on frequency",
            r"in these cases, the sign or symptom may be rare",
            # who published a page, and how to use it
            r"nih: ",
            r"(centers for disease control and prevention|u\.?s\.? food and drug administration|dept\. of health)\.?$",
            r"of health and human services",
            r"(summary ?:?|key points)$",
            r"\(?to (enlarge|reduce) the video",
            r"\(?(click|watch|see the video|view the|read more|learn more|back to top|skip to|share this|print this)\b",
            r"more on: |related (links?|pages?|topics?)\b|follow us|all rights reserved|copyright\b|pdf version",
            r"(we use|this (web ?)?site uses) cookies|(accept|reject) (all )?cookies",
            r"(please )?(click|visit|see) (on )?(the )?(link|here|our)\b",
            r"these have been retrieved from nci",
            r"information about clinical trials is available from the nci",
            r"check (the list of|for) .{0,40}clinical trials",
            r"see the treatment options section",
            r"the intended audience for the gtr",
            r"(the )?genetic testing registry.{0,60}(provides|lists)",
            r"patients and consumers with specific questions about a genetic test",
        )
    )
)
_POINTERS = ("following link", "these links", "following web", "these resources", "following resource", "pdf version")
_HEADING = re.compile(
    r"^((key points|summary) ?[-:]|signs and symptoms approximate number of patients \(when available\)) ", re.I
)
_LINK_LIST = re.compile(
    r"^these resources address|^(additional|other|helpful) (resources|links)\b|^resources? ?:", re.I
)
_LIST_ITEM = re.compile(r"(?:^| )- ")


def is_boilerplate(sentence: str) -> bool:
    """Whether ``sentence`` only speaks about the page it stood on, asks something, or is little but an address."""
    text = sentence.strip().lower()
    if text.endswith("?") or _BEGINNINGS.match(text) or any(words in text for words in _POINTERS):
        return True
    return ("http" in text or "www." in text) and len(re.sub(r"\S*(https?://|www\.)\S*", "", text).split()) < 14


def is_link_list(text: str) -> bool:
    """Whether ``text`` is a list of pages to go to, with nothing said."""
    return bool(_LINK_LIST.match(text.strip())) and len(_LIST_ITEM.findall(text)) >= 1


def cleaned(sentences: Sequence[str]) -> list[str]:
    """Return ``sentences`` without boilerplate and without repetitions."""
    kept: dict[str, None] = {}
    for sentence in sentences:
        text = _HEADING.sub("", sentence).strip()
        if text and not is_boilerplate(text):
            kept.setdefault(text)
    return list(kept)
