"""The command line: what it prints, what it writes, and its exit codes."""

import json
from pathlib import Path

import pytest

from rag.__main__ import main
from settings import get_settings
from tests.rag.groq_stub import groq_stub, says
from tests.rag.test_article import BODY, FRONT, write
from tests.rag.test_groq import GOOD

pytestmark = pytest.mark.usefixtures("with_index")


def test_ask_prints_the_answer_with_its_links(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "What is asthma?"]) == 0
    out = capsys.readouterr().out
    assert "[1]" in out
    assert "https://medlineplus.gov/asthma.html" in out
    assert "not medical advice" in out


def test_ask_writes_one_json_object(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["ask", "I have chest pain", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["red_flag"]["kind"] == "heart"
    assert main(["ask", "What is asthma?", "--json", str(tmp_path / "a.json")]) == 0
    assert json.loads((tmp_path / "a.json").read_text())["sources"]


def test_ask_lets_one_choose_who_words_the_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with groq_stub(says(GOOD)) as stub:
        monkeypatch.setenv("MEDHIVE_GROQ_API_KEY", "gsk_secret")
        monkeypatch.setenv("MEDHIVE_GROQ_ADDRESS", stub.address)
        get_settings.cache_clear()
        assert main(["ask", "What are the symptoms of asthma?", "--provider", "extractive"]) == 0
        assert "Extractive" in capsys.readouterr().out
        assert stub.asked == []
        assert main(["ask", "What are the symptoms of asthma?", "--provider", "groq"]) == 0
        assert "Groq, openai/gpt-oss-120b" in capsys.readouterr().out
        assert len(stub.asked) == 1


def test_search_lists_passages_and_takes_a_file_of_questions(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["search", "what are the symptoms of worn joints", "--k", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hits"][0]["id"] == "osteoarthritis/Symptoms"
    assert len(found["hits"]) == 2
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "What is asthma?"}\n\n{"question": "What is scurvy?"}\n')
    assert main(["search", "--file", str(file), "--json"]) == 0
    assert [row["enough"] for row in json.loads(capsys.readouterr().out)["results"]] == [True, False]


@pytest.mark.usefixtures("companion_home")
def test_ingest_indexes_a_file_or_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path, FRONT + BODY, "hiccups.md")
    assert main(["ingest", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("1 document, 6 passages")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ask", " "], "empty"),
        (["ask", "What is asthma?", "--provider", "groq"], "no provider 'groq' on this installation"),
        (["ask", "What is asthma?", "--provider", "oracle"], "choose one of extractive"),
        (["search"], "either a question or --file"),
        (["search", "x", "--k", "0"], "must be 1 or more"),
        (["search", "--file", "none.jsonl"], "cannot be read"),
        (["search", "--file", "{folder}/bad.jsonl"], "line 1: must be a JSON object"),
        (["ingest", "none"], "does not exist"),
        (["ingest", "{folder}/empty"], "no source file"),
        (["ingest", "{folder}/bad.jsonl"], "must be a JSON object"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.jsonl").write_text("[1]\n")
    (tmp_path / "empty").mkdir()
    assert main([argument.replace("{folder}", str(tmp_path)) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
