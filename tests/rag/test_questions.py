"""A file of questions: what is read from it, what is refused, and how the answers are written."""

import csv
import json
from pathlib import Path

import pytest

from rag import __main__ as command
from rag.__main__ import main
from rag.answer import answer
from rag.questions import QuestionsError, read_questions
from rag.sheets import COLUMNS

ASKED = ["What is asthma?", "I have chest pain", "What is the capital of France?"]


def test_lines_tables_and_objects_give_the_same_questions() -> None:
    both = ["What is asthma?", "What is gout?"]
    assert read_questions("\ufeffWhat is asthma?\r\n\nWhat is gout?".encode(), "q.txt") == both
    assert read_questions(b"What is asthma?\nWhat is gout?\n", "q.csv") == both
    assert read_questions(b'{"question": "What is asthma?"}\n\n{"question": "What is gout?"}', "q.jsonl") == both
    table = b'id;Question\n1;"What is asthma;\nreally?"\n2;\n3;What is gout?\n'
    assert read_questions(table, "q.CSV") == ["What is asthma; really?", "What is gout?"]


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (b"What?", "q.pdf", "q.pdf must end in .txt, .csv or .jsonl."),
        (b"\xff\xfe?", "q.txt", "q.txt cannot be read as text in UTF-8."),
        (b"\n \n", "q.txt", "q.txt holds no question."),
        (b"question\n", "q.csv", "q.csv holds no question."),
        (b"", "q.csv", "q.csv holds no question."),
        (b"id,text\n1,What?\n", "q.csv", 'q.csv, line 1: one column must be named "question".'),
        (b'question\n"What?\n', "q.csv", "q.csv, line 2: cannot be read as CSV (unexpected end of data)."),
        (b'{"question": "a"}\n{"question": 3}', "q.jsonl", 'q.jsonl, line 2: must be a JSON object with "question".'),
        (b"ok?\n" + b"a" * 1001, "q.txt", "q.txt, line 2: the question has 1,001 characters; at most 1,000"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(raw: bytes, name: str, said: str) -> None:
    with pytest.raises(QuestionsError) as refused:
        read_questions(raw, name)
    assert said in str(refused.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(ASKED))
    return path


@pytest.mark.usefixtures("with_index")
def test_every_question_is_answered_as_if_it_were_asked_alone(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.jsonl"
    assert main(["ask", "--file", str(file), "--out", str(out), "--provider", "extractive"]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(row["number"], row["question"]) for row in rows] == list(enumerate(ASKED, 1))
    assert [row["kind"] for row in rows] == ["answer", "emergency", "none"]
    assert [row["answer"] for row in rows] == [answer(question).text for question in ASKED]
    assert rows[0]["sources"][0]["url"].startswith("https://")
    assert all("not for clinical use" in row["disclaimer"] for row in rows)
    said = capsys.readouterr()
    assert said.out == ""
    assert "3 of 3 answered, about 0 s left" in said.err
    assert "3 questions: 1 answered from sources, 1 told to call for help, 1 not answered" in said.err
    assert "asthma" not in said.err  # what is asked is nobody's business


@pytest.mark.usefixtures("with_index")
def test_answers_go_into_a_table_or_a_page_too(file: Path, tmp_path: Path) -> None:
    file.write_text("=cmd|' /C calc'!A0\nWhat is asthma?\n")
    assert main(["ask", "--file", str(file), "--out", str(tmp_path / "a.csv")]) == 0
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as read:
        rows = list(csv.DictReader(read))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["question"].startswith("'=cmd")  # no formula
    assert rows[1]["sources"].startswith("[1] ") and "not for clinical use" in rows[1]["disclaimer"]
    assert main(["ask", "--file", str(file), "--out", str(tmp_path / "a.md")]) == 0
    page = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert "## 2. What is asthma?" in page and page.count("not for clinical use") == 2


@pytest.mark.usefixtures("with_index")
def test_without_a_file_for_them_answers_are_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--file", str(file)]) == 0
    assert "## 1. What is asthma?" in capsys.readouterr().out
    assert main(["ask", "--file", str(file), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["answers"]) == 3


@pytest.mark.usefixtures("with_index")
def test_what_was_answered_before_ctrl_c_is_kept(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(question: str, **given: object) -> object:
        if question == ASKED[2]:
            raise KeyboardInterrupt
        return answer(question)

    monkeypatch.setattr(command, "answer", ask)
    out = tmp_path / "answers.jsonl"
    assert main(["ask", "--file", str(file), "--out", str(out)]) == 130
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2
    assert f"Cancelled after 2 of 3 questions. {out} holds the answers." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ask"], "either a question or --file"),
        (["ask", "What is asthma?", "--file", "{file}"], "either a question or --file"),
        (["ask", "What is asthma?", "--out", "a.md"], "--out is for the answers to --file"),
        (["ask", "--file", "none.txt"], "none.txt cannot be read"),
        (["ask", "--file", "{file}", "--out", "a.pdf"], "must end in .jsonl, .csv, .md"),
        (["ask", "--file", "{file}", "--out", "/nowhere/a.md"], "cannot be written: No such file"),
        (["ask", "--file", "{file}", "--provider", "oracle"], "no provider 'oracle'"),
    ],
)
def test_wrong_input_is_one_line_and_code_2(
    arguments: list[str], complaint: str, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.replace("{file}", str(file)) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.err.count("\n") == 1 and said.out == ""


def test_the_answers_never_overwrite_the_questions(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = tmp_path / "q.jsonl"
    both.write_text('{"question": "What is gout?"}\n')
    assert main(["ask", "--file", str(both), "--out", str(both)]) == 2
    assert "another file" in capsys.readouterr().err and both.read_text().startswith('{"question"')
