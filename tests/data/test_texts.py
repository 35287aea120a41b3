"""Questions and answers that a site contributes are checked record by record, and kept as bytes without loss."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.intake.texts import check_texts, to_json_lines
from data.near_duplicates import first_of_each, nearly_the_same
from data.texts import WIDTH, pack, tidy, unpack
from models.tasks.medical_qa.task import TASK

GOOD = {"question": "What is gout?", "answer": "Gout is a disease of the joints."}


def check(*records: object, filename: str = "given.jsonl"):  # type: ignore[no-untyped-def]
    raw = "\n".join(json.dumps(record) for record in records).encode()
    return check_texts(raw, TASK.label, source="test", filename=filename)


@given(st.text(max_size=200), st.text(max_size=700))
def test_what_is_kept_reads_as_what_was_given(question: str, answer: str) -> None:
    asked, said = unpack(pack([(question, answer)]))[0]
    assert asked == tidy(question)[: len(asked)] and said == tidy(answer)[: len(said)]
    if len(f"{tidy(question)}{tidy(answer)}".encode()) < WIDTH // 2:
        assert (asked, said) == (tidy(question), tidy(answer))


def test_a_good_file_gives_a_row_a_record_with_its_kind() -> None:
    report = check(GOOD, {"question": "How is gout treated?", "answer": "With rest and medicine."})
    assert report.dataset is not None and report.rows == 2
    assert [TASK.classes[k] for k in report.dataset.y] == ["what it is", "treatment"]
    assert unpack(report.dataset.x)[0] == (GOOD["question"], GOOD["answer"])


def test_a_table_is_read_too_and_its_sample_stays_marked_as_synthetic() -> None:
    raw = b'Question,Answer\n"What is gout?","A disease, of the joints."\n'
    report = check_texts(raw, TASK.label, source="test", filename="given.csv")
    assert report.dataset is not None and unpack(report.dataset.x) == [("What is gout?", "A disease, of the joints.")]
    sample = TASK.generate(30, seed=2)
    again = check_texts(to_json_lines(sample), TASK.label, source="test").dataset
    assert again is not None and again.synthetic and again.row_hashes == sample.row_hashes


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"question": "What is gout?"}, "row 2, column answer: The answer is text."),
        ({**GOOD, "answer": 7}, "row 2, column answer, value 7: The answer is text."),
        ({**GOOD, "answer": "No."}, "row 2, column answer, value No.: The answer has 10 to 20,000 letters, not 3."),
        ([1], "A line is a JSON object"),
    ],
)
def test_a_wrong_record_is_named_and_nothing_is_kept(record: object, said: str) -> None:
    report = check(GOOD, record)
    assert report.dataset is None and said in str(report.problems[0])


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00{", b"{", b"a,b\n1,2\n", b"{}" * 3])
def test_whatever_a_file_holds_there_is_a_report(raw: bytes) -> None:
    report = check_texts(raw, TASK.label, source="test")
    assert report.dataset is None and report.problem_count >= 1


def test_answers_that_are_nearly_the_same_are_noted() -> None:
    long = "Gout is a disease of the joints that comes with sudden pain, redness and swelling, often of the big toe. "
    report = check({**GOOD, "answer": long * 2}, {**GOOD, "answer": long * 2 + "Rest."})
    assert any("1 of 2 answers are nearly the same" in note for note in report.notes)


def test_near_duplicates_are_found_and_unlike_texts_are_not() -> None:
    one = " ".join(f"word{number}" for number in range(200))
    near = one.replace("word100", "other")
    half = " ".join(f"word{number}" for number in range(100)) + " " + " ".join(f"new{n}" for n in range(100))
    texts = [one, half, near, one.upper(), "short", "Short!"]
    assert nearly_the_same(texts) == [(0, 2), (0, 3), (2, 3), (4, 5)]
    assert first_of_each(texts) == [0, 1, 4]
