"""Questions in other languages are known for what they are, searched in English, and answered as well as can be."""

import json
from pathlib import Path

import pytest

from rag.answer import Answer, answer, answers
from rag.language import in_english, language_of, languages
from rag.llm.choice import choose
from rag.llm.extractive import Extractive
from rag.llm.provider import Failure
from tests.rag.groq_stub import USAGE, says
from tests.rag.test_groq import serve as serve

ASKED = [
    ("es", "¿Cuáles son los síntomas de la diabetes?", "What are the symptoms of diabetes?"),
    ("es", "que es un infarto", "What is heart attack?"),
    ("fr", "Quels sont les symptômes de l’asthme ?", "What are the symptoms of asthma?"),
    ("fr", "comment soigner une bronchite", "How is bronchitis treated?"),
    ("de", "was ist ein Herzinfarkt", "What is heart attack?"),
    ("de", "Welche Nebenwirkungen haben Statine?", "What are the side effects of statins?"),
    ("pt", "quais são os sintomas da pneumonia", "What are the symptoms of pneumonia?"),
    ("pt", "como se trata a pressão alta?", "How is high blood pressure treated?"),
    ("it", "quali sono i sintomi dell'infarto", "What are the symptoms of heart attack?"),
    ("nl", "wat zijn de klachten bij een longontsteking?", "What are the symptoms of pneumonia?"),
    ("pl", "jak leczyć migrenę", "How is migraine treated?"),
    ("tr", "tip 2 diyabet belirtileri nelerdir", "What are the symptoms of type 2 diabetes?"),
    ("de", "was sind die symptome von diabetes typ 1", "What are the symptoms of type 1 diabetes?"),
    ("it", "cosa sono le emorroidi", "what I am hemorrhoids"),  # word by word, since no article has them
    ("sv", "Vad är astma?", "What is asthma?"),
    ("da", "hvad er symptomerne på diabetes", "What are the symptoms of diabetes?"),
    ("ro", "care sunt simptomele astmului", "What are the symptoms of asthma?"),
    ("id", "apa gejala diabetes", "What are the symptoms of diabetes?"),
    ("vi", "triệu chứng của bệnh tiểu đường là gì", "What are the symptoms of diabetes?"),
    ("ru", "какие симптомы диабета", "What are the symptoms of diabetes?"),
    ("uk", "які симптоми діабету", "What are the symptoms of diabetes?"),
    ("el", "ποια είναι τα συμπτώματα του άσθματος", "What are the symptoms of asthma?"),
    ("ar", "ما هي أعراض السكري", "What are the symptoms of diabetes?"),
    ("hi", "मधुमेह के लक्षण क्या हैं", "What are the symptoms of diabetes?"),
    ("hi", "diabetes ke lakshan kya hai", "What are the symptoms of diabetes?"),
    ("ja", "糖尿病の症状は何ですか", "What are the symptoms of diabetes?"),
    ("ko", "당뇨병 증상은 무엇인가요", "What are the symptoms of diabetes?"),
    ("zh", "糖尿病有哪些症状", "What are the symptoms of diabetes?"),
]
GERMAN = "Was sind die Symptome von Asthma?"
ENGLISH = "1. What are the symptoms of asthma?"
WORDED = "The main symptoms of asthma are wheezing, coughing, a tight chest and shortness of breath [1]."
PUT = (
    "1. Die wichtigsten Anzeichen von Asthma sind Pfeifen, Husten, Enge in der Brust und Atemnot.\n"
    "2. Rufen Sie den Notruf, wenn ein Anfall schwer ist.\n"
)


@pytest.mark.parametrize(("code", "question", "english"), ASKED)
def test_a_question_is_known_by_its_language_and_asked_in_english(code: str, question: str, english: str) -> None:
    language = language_of(question)
    assert language
    assert language.code == code
    assert in_english(question, language) == english


def test_english_questions_are_english() -> None:
    here = Path(__file__).parent
    asked = [
        str(case.get("question") or case.get("text"))
        for name in ("questions.jsonl", "scope.jsonl", "medquad_lay.jsonl", "multi_hop.jsonl")
        for case in map(json.loads, (here / name).read_text().splitlines())
    ]
    assert len(asked) > 500
    assert [text for text in asked if language_of(text)] == []
    assert language_of("") is None
    assert language_of("12 ?!") is None


def test_every_language_has_its_sentences() -> None:
    assert len(languages()) >= 20
    for language in languages():
        assert any(digit.isdigit() for digit in language.emergency)  # a number to call
        assert language.english and language.none


@pytest.mark.usefixtures("with_index")
def test_without_a_language_model_the_english_sources_answer_and_say_so() -> None:
    given = answer(GERMAN)
    assert given.lead == "Meine Quellen sind auf Englisch, darum auch die Antwort. (What are the symptoms of asthma?)"
    assert given.text.startswith(given.lead)
    assert "wheezing, cough, a tight chest" in given.text
    assert given.verbatim and given.sources
    assert Answer.from_json(json.loads(json.dumps(given.to_json()))) == given


@pytest.mark.usefixtures("with_index")
def test_what_no_source_answers_is_said_in_the_language_of_the_question() -> None:
    given = answer("Wann fährt der nächste Zug nach Bern und was kostet er?")
    assert given.abstained
    assert given.text.startswith("Keine meiner Quellen beantwortet das")


def test_an_emergency_is_said_in_the_language_of_the_person_first() -> None:
    given = answer("mi padre tiene dolor en el pecho y suda frío")
    assert given.red_flag
    assert given.text.startswith("Puede ser una emergencia. Llame ahora")
    assert given.red_flag.title in given.text


@pytest.mark.usefixtures("with_index")
def test_a_language_model_asks_in_english_and_puts_the_checked_sentences_into_the_language(serve) -> None:
    with serve(says(ENGLISH), says(WORDED), says(PUT)) as stub:
        steps = list(answers(GERMAN))
    given = steps[-1]
    assert [body["messages"][-1]["content"][:14] for body in stub.asked[::2]] == ["1. Was sind di", "1. The main sy"]
    assert given.language == "German" and given.provider.startswith("Groq") and not given.verbatim
    assert given.paragraphs[0][0][0].startswith("Die wichtigsten Anzeichen")
    marks = [[numbers for _, numbers in lines] for lines in given.paragraphs]
    assert marks == [[numbers for _, numbers in lines] for lines in given.original]
    assert given.original[0][0][0].startswith("The main symptoms of asthma")
    assert given.tokens == 3 * USAGE["total_tokens"]
    assert given.sent == GERMAN
    assert Answer.from_json(json.loads(json.dumps(given.to_json()))) == given


@pytest.mark.usefixtures("with_index")
@pytest.mark.parametrize(
    "put",
    [
        "1. Nur eine Zeile.",
        PUT.replace("Husten", "Husten, in 9 von 10 Fällen"),
        PUT.replace("Husten", "siehe https://evil.example"),
        "",
    ],
)
def test_a_translation_that_is_not_faithful_is_not_shown(serve, put: str) -> None:
    with serve(says(ENGLISH), says(WORDED), says(put)):
        given = answer(GERMAN)
    assert given.notice.endswith("The answer is in English.")
    assert given.text.startswith("Meine Quellen sind auf Englisch")
    assert not given.language and "evil" not in given.text


@pytest.mark.usefixtures("with_index")
def test_an_emergency_that_shows_only_in_translation_gets_the_fixed_text(serve) -> None:
    with serve(says("1. My father has collapsed and is not breathing.")) as stub:
        given = answer(GERMAN)  # stands for words that no table knows
    assert given.red_flag
    assert len(stub.asked) == 1


@pytest.mark.usefixtures("with_index")
def test_names_and_numbers_are_taken_out_before_a_question_is_translated(serve) -> None:
    with serve(says("1. What are the symptoms of asthma? My number is [number 1]."), says(WORDED), says(PUT)) as stub:
        answer("Was sind die Symptome von Asthma? Meine Adresse ist anna.muster@example.org")
    assert "anna.muster" not in json.dumps(stub.asked)


@pytest.mark.usefixtures("home")
def test_word_for_word_nothing_is_translated() -> None:
    assert not choose("extractive").translates
    with pytest.raises(Failure):
        Extractive().translate(["a"], "German")
