"""Files of labelled texts: every problem by row, nothing of a text in a problem, and back again without a change."""

import pytest

from data.intake.labelled_texts import check_labelled_texts, to_csv
from data.table import Texts
from data.texts import WIDTH, NotAText, cleaned, pack_texts, unpack_texts

WANTED = Texts("a complaint in English")
CLASSES = ("a cold", "Chicken pox")


def test_texts_come_back_from_bytes_and_from_a_file_as_they_were() -> None:
    texts = ["My nose runs, and I sneeze", "Größe “quoted”, comma"]
    assert unpack_texts(pack_texts(texts)) == texts
    report = check_labelled_texts(
        b'text,label\n"My nose runs, and I sneeze",a cold\nspots,1\n', WANTED, CLASSES, source="t"
    )
    assert report.dataset is not None and report.dataset.y.tolist() == [0, 1] and not report.dataset.synthetic
    again = check_labelled_texts(to_csv(report.dataset, CLASSES), WANTED, CLASSES, source="t")
    assert again.dataset is not None and again.dataset.fingerprint == report.dataset.fingerprint


def test_every_problem_is_named_by_row_and_never_repeats_the_text() -> None:
    raw = b"text,label\nfine words,measles\n12 34,a cold\n" + b"secret " * 160 + b",CHICKEN-POX\n"
    report = check_labelled_texts(raw, WANTED, CLASSES, source="t")
    assert report.dataset is None and report.problem_count == 3
    said = "\n".join(map(str, report.problems))
    assert "row 1, column label, value measles" in said and "0 (a cold), 1 (Chicken pox)" in said
    assert "row 2, column text: There are no words" in said and "row 3, column text: It has 1,119 bytes" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "raw", [b"", b"text,label\n", b"words,label\na b,0\n", b"\x89PNG", b"text,text,label\na,b,0\n"]
)
def test_what_is_no_file_of_texts_gets_a_sentence(raw: bytes) -> None:
    report = check_labelled_texts(raw, WANTED, CLASSES, source="t")
    assert report.dataset is None and str(report.problems[0]).endswith((".", "0."))


def test_a_made_up_text_stays_marked_and_copies_are_counted() -> None:
    report = check_labelled_texts(b"text,label,synthetic\nspots,1,1\nspots,1,1\n", WANTED, CLASSES, source="t")
    assert report.dataset is not None and report.dataset.synthetic
    assert any("1 of 2 texts repeat" in note for note in report.notes)


def test_a_text_is_cleaned_and_one_that_is_too_long_is_refused() -> None:
    assert cleaned("  a\tb\x00\n c ", WANTED.kind) == "a b c"
    with pytest.raises(NotAText, match="1,024 are the most"):
        cleaned("ä" * (WIDTH // 2 + 1), WANTED.kind)
