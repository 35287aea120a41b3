"""Text from outside is data, never instruction: what goes to a language model is cleaned, what comes back is checked.

Before: ``as_data`` takes markup, invisible signs, links and sentences that speak to the model out of passages, history
and file names; ``is_attack`` tells a question that tries to give orders. After: ``screened`` takes markup, foreign
links and pieces of the system prompt out of each sentence, and ``support.py`` those that no passage backs. The second
half is what must hold when a model obeys whatever it reads (Greshake et al., 2023, https://arxiv.org/abs/2302.12173).
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

LONGEST_FILE_NAME = 80
_LEAK = 6  # words in a row from the system prompt are a leak
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff\x00-\x08\x0b-\x1f\x7f]"
)
_BLOCK = re.compile(
    r"<(script|style|a|iframe|object|svg|math|template)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>?|\[/?INST\]|<\|[^|<>]*\|>|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?")
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s*\S+.*$", re.MULTILINE)
_URL = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]{1,12}:)?//[^\s<>\"'`)\]]+|\b(?:javascript|data|vbscript|file|mailto|tel):[^\s<>\"'`)\]]+"
    r"|\bwww\.[^\s<>\"'`)\]]+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|co|ru|xyz|info|biz|top|site"
    r"|app|dev|me|cn|de|uk|eu|gov|edu|ly|link|click|example|test|zip)\b(?:/[^\s<>\"'`)\]]*)?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?]+(?=\s|$|\[)(?:\s*\[\d+\])*|\.(?=\S)[^.!?\n]*|\n|$)+")
_LINK = "\ufffc"  # stands where a foreign link was
_FENCE = re.compile(r"`{3,}|~{3,}")

_OVERRIDE = (
    r"(ignore|disregard|forget|override|bypass|skip|drop|discard|neglect|overrule|cancel|erase|do not follow"
    r"|don'?t follow"
    r"|stop following|pay no attention to)\b.{0,40}\b(previous|prior|above|earlier|preceding|all|any|your|the"
    r"|these|those"
    r"|system|safety)\b.{0,30}\b(instructions?|prompts?|rules?|guidelines?|directions?|commands?|context"
    r"|sources?|passages?"
    r"|constraints?|restrictions?|filters?|guardrails?|training|messages?|polic(y|ies)|text|limits?)"
)
_PROMPT = (
    r"(reveal|show|print|repeat|output|display|tell|give|leak|share|recite|quote|dump|echo|write|copy|paste"
    r"|translate|encode"
    r"|summari[sz]e|spell|list|what (is|are|was|were)|return|expose|send|disclose|read)\b.{0,50}\b(system"
    r"|initial|hidden|secret"
    r"|internal|original|developer|first|your|the (words|text|message|prompt) (above"
    r"|before))\b.{0,25}\b(prompts?|instructions?"
    r"|messages?|rules|guidelines|configuration|directives?|api keys?|keys?|passwords?|settings|text|environment)"
)
_PERSONA = (
    r"(you are|you'?re|act|behave|respond|answer|pretend|roleplay|role-play|imagine you|speak"
    r"|be)\b.{0,25}\b(now|as|to be"
    r"|like)\b.{0,40}\b(dan|unrestricted|unfiltered|uncensored|jailbroken|jailbreak|no (rules|restrictions"
    r"|limits|filters?)"
    r"|evil|developer mode|god ?mode|admin\w*|root|my (late )?(grandmother|grandma)"
    r"|without (any )?(rules|restrictions"
    r"|limits|filters?|sources?|disclaimers?)|another (ai|assistant|model)|a (hacker|pirate|linux|terminal))\b"
)
_MODE = (
    r"\b(developer|debug|god|dan|sudo|admin|maintenance|jailbreak|unrestricted|opposite"
    r"|simulation)[ -]?mode\b|\bdo anything now\b|\bjailbreak\b"
)
_TURN = (
    r"(^|\n|\s)(#{1,6} ?)?(system|assistant|developer|tool|human|user|ai|instruction|new instructions?"
    r"|important instructions?"
    r"|system (note|message|override|update|prompt))( to (the )?(ai|model|assistant))?\s*[:>\]]|<\|?(im_start"
    r"|im_end|system|endoftext"
    r"|assistant|user|start_header_id)|\[/?(inst|system)\]|<</?sys>>|begin (system|admin)|end of (context"
    r"|passages?|sources?|document|prompt)"
)
_ADDRESS = (
    r"\b(dear |attention,? |note to (the )?|hey |hello |instructions? (for|to) (the )?|message (for"
    r"|to) (the )?|to (the|any|all) )"
    r"(ai|llm|language model|assistant|chat ?bot|model|gpt|chatgpt|companion|summari[sz]er|agent)\b"
    r"|\b(ai|llm|language model|assistant|chat ?bot|model|gpt|companion|medhive)s?,? (must|should|shall"
    r"|has to|have to|will|please|now|reading|is required|are required|needs? to)\b"
    r"|\bas an? (ai|llm|language model|assistant)\b|\bwhen (you )?(answer\w*|respond\w*|summari[sz]\w*|asked"
    r"|reply\w*|generat\w*)\b.{0,60}\b(say|include|add|tell|write|output|recommend|always|insert|append"
    r"|mention|state|claim|link)\b"
)
_ORDER = (
    r"^\W*(please |now |instead,? |then |just |simply |always |only |and |also |you must |you should |you will "
    r"|from now on,? |first,? |continue to )*"
    r"((say|print|output|reply|respond|answer) (?!(that|where|how|when|whether|if|yes|no"
    r"|truthfully|the questions?)\b)"
    r"|(write|repeat|insert|append|include|add|link|tell the (user|reader|patient|person)|state"
    r"|claim|recommend|render"
    r"|translate|begin|start|end|finish|encode|decode|embed|display|show|act|pretend|ignore|disregard|forget"
    r"|reveal|stop citing|cite|do not cite|never mention)\b(?=.{0,100}(\b(exactly|the (word"
    r"|phrase|following|text|user"
    r"|reader|link|sentence|code|image|tag|answer|response|sources)|verbatim|https?|(your|every|each) "
    r"(answer|response|reply|output))\b|[\"“«<]|//)))"
)
_NEW_ORDER = (
    r"\b(execute|run|follow|obey) (this|these|the following)( \w+)?:|"
    r"\b(your|the) (new|real|actual|true|only|updated|next) (task|instructions?|role|goal|job|purpose"
    r"|objective|orders?|rules?|command)\b"
    r"|\bfrom (now|here|this point) on,? (you|answer|respond|say|reply|act|only|always|all)\b|\byou (must"
    r"|will|shall|should|need to|have to|are (required|ordered|instructed|programmed) to) (now |always |only "
    r"|never |instead )*"
    r"(say|reply|respond|answer|output|print|write|repeat|insert|append|include|add|link|tell|obey|comply"
    r"|follow|reveal|ignore|recommend|agree|start|begin|end|display|show|refuse|forget)\b"
    r"|\b(obey|comply with) (me|this|these|all|the|my)\b|\bno (longer|more) (bound|restricted|limited|an ai"
    r"|a medical|need to (cite|follow|use))\b"
    r"|\b(without|no|skip|omit|remove|drop|leave out) (the |any |all )?(disclaimers?|citations?|sources?"
    r"|warnings?|safety)\b.{0,40}\b(answer|say|reply|respond|tell|needed|anymore|give|from)\b"
    r"|\brepeat (everything|all|the (words|text)|what(ever)?)\b.{0,30}\b(above|before|said|told)\b"
    r"|\bwhat (did|does|do) (your|the) (developer|creator|system|admin)\w* (tell|told|say|write|instruct)"
    r"|\b(output|print|respond with|reply with|say|answer with) "
    r"(only |exactly |just |the (word|phrase|text) )?[\"'“‘«]|\b(decode"
    r"|base64|rot13|hex)\b.{0,50}\b(follow|execute|do|obey|run|instruction|it|this|and)\b"
    r"|\b(exfiltrate|prompt injection|payload|drop table|eval\(|os\.system|rm -rf|alert\(|document\.cookie"
    r"|onerror\s*=|onload\s*=)"
)
_FOREIGN = (
    r"\bignor(a|e|iere|ieren|ez|er|are)\b.{0,40}\b(instruc\w+|anweisung\w*|istruzion\w+|consignes?|règles?"
    r"|reglas?|regeln|regole|anterior\w*|vorherig\w*|bisherig\w*|précédent\w*|precedent\w*)"
    r"|\b(vergiss|olvida|oublie|oubliez|esqueça|dimentica|negeer|zapomnij|unut)\b.{0,40}\b(alle|todo|todas"
    r"|tout|toutes|tudo|tutto|wszystk\w+|instru\w+|anweisung\w*|regeln|talimat\w*|règles|regras)\b"
    r"|(systemprompt|system-prompt|prompt (del|du|de) (sistema|système)|önceki talimatları|игнорируй"
    r"|забудь).{0,60}|忽略.{0,12}(指令|指示|提示)|系统提示"
)
_COMPILED = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"\b{_OVERRIDE}", rf"\b{_PROMPT}", rf"\b{_PERSONA}", _MODE, _TURN, _ADDRESS, _NEW_ORDER, _FOREIGN)
]
_IMPERATIVE = re.compile(_ORDER, re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁɡ0134@$5", "aeopcyxijsdgoieaass")


@dataclass(frozen=True)
class Screened:
    """A sentence as it may be shown; empty with the reason when it was taken out (no word of it in the reason)."""

    text: str
    removed: str


def is_attack(text: str) -> bool:
    """Whether ``text`` tries to give orders to the model, to get at its prompt or to change who it is."""
    return any(pattern.search(variant) for variant in dict.fromkeys(_variants(text)) for pattern in _COMPILED)


def as_data(text: str) -> str:
    """Return ``text`` of a passage or of the history without markup, links, hidden signs and orders to the model."""
    clean = _plain_text(text)
    kept = [
        sentence
        for sentence in sentences(clean)
        if _LINK not in sentence and not is_attack(sentence) and not _gives_order(sentence)
    ]
    joined = re.sub(r"[ \t]+", " ", "".join(kept)).strip()
    return "" if is_attack(joined) else joined  # an order may be spread over sentences


def as_file_name(name: str) -> str:
    """Return a file name that may stand in a prompt or on a page; "document" when it is more than a name."""
    words = re.sub(r"[_.-]+", " ", name)
    plain_name = re.fullmatch(r"[\w .,()&+'-]+", name) and len(name) <= LONGEST_FILE_NAME
    return name if plain_name and not is_attack(words) and not _gives_order(words) else "document"


def _gives_order(sentence: str) -> bool:
    """Whether a sentence, or what follows a colon in it, begins with an order such as "say" or "print"."""
    return any(_IMPERATIVE.search(part.strip()) for part in (sentence, *sentence.split(":")[1:]))


def screened(sentence: str, prompt: str = "", links: Collection[str] = ()) -> Screened:
    """Return of a sentence that a language model wrote what may be shown, as far as orders and markup go.

    Parameters
    ----------
    sentence
        One sentence without citation marks.
    prompt
        The system prompt, of which no piece may be shown.
    links
        Addresses that may stand in it; a sentence with any other is taken out.
    """
    text = _plain_text(sentence, links)
    if _LINK in text:
        return Screened("", "a link outside the sources")
    if _leaks(text, prompt):
        return Screened("", "a piece of the system prompt")
    if is_attack(text):
        return Screened("", "an order to the model")
    return Screened(re.sub(r"[ \t]{2,}", " ", text).replace("<", "").replace(">", "").strip(), "")


def _leaks(sentence: str, prompt: str) -> bool:
    said, secret = (re.findall(r"\w+", text.lower()) for text in (sentence, prompt))
    runs = {tuple(secret[i : i + _LEAK]) for i in range(len(secret) - _LEAK + 1)}
    return any(tuple(said[i : i + _LEAK]) in runs for i in range(len(said) - _LEAK + 1))


def sentences(text: str) -> list[str]:
    """Return the sentences of ``text``, each with the citation marks behind it."""
    return [match[0] for match in _SENTENCE.finditer(text) if match[0]]


def _plain_text(text: str, allowed: Collection[str] = ()) -> str:
    """Return ``text`` without invisible signs and markup; where a link outside ``allowed`` stood is ``_LINK``."""

    def link(match: re.Match[str]) -> str:
        return match[0] if match[0].rstrip(".,;") in allowed else _LINK

    clean = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    for _ in range(3):  # what is unmasked by one round goes in the next
        clean = html.unescape(clean)
        clean = _MARKDOWN_LINK.sub(lambda match: f"{match[1]} {match[2]}" if match[2] in allowed else _LINK, clean)
        for pattern in (_PICTURE, _BLOCK, _TAG, _REFERENCE, _FENCE):
            clean = pattern.sub(" ", clean)
    return _URL.sub(link, clean)


def _variants(text: str) -> Iterator[str]:
    """Yield ``text`` as it reads, and with look-alike letters, spacing, joints or base64 undone."""
    whole = _INVISIBLE.sub("", unicodedata.normalize("NFKC", html.unescape(text)))
    plain = re.sub(r"\s+", " ", whole)
    yield plain
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    yield bare.lower().translate(_LOOK_ALIKE)
    if re.search(r"\b(?:\w[ .*_-]){4,}\w\b", whole):  # i g n o r e  a l l
        yield re.sub(r"(?<=\b\w)[ .*_-](?=\w\b)", "", whole)
    yield re.sub(r"(?<=\w)[-_*.|](?=\w)", " ", plain)
    for match in _ENCODED.finditer(plain):
        try:
            yield base64.b64decode(match[0] + "=" * (-len(match[0]) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
