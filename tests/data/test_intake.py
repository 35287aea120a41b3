"""A file from a data provider is taken whole and exactly, or every problem in it is named."""

import codecs
import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from data.intake import rules
from data.intake.delimited import MAX_BYTES
from data.intake.problems import MOST_LISTED
from data.intake.rules import outside
from data.intake.table import Problem, Report, check_csv, template_csv, to_csv
from data.table import Column, Dataset, TableSchema

modest = settings(max_examples=60, deadline=None)

SCHEMA = TableSchema(
    (
        Column("spo2", "Oxygen saturation", "%", 90, 100, 97),
        Column("age", "Age", "years", 18, 110, 54, "integer"),
        Column("cp", "Chest pain", "", 1, 2, 1, "category", {1: "typical angina", 2: "none"}),
        Column("chol", "Cholesterol", "mg/dl", 60, 800, 225, nullable=True, missing=("?", "0"), help="mmol/l × 38.67."),
    ),
    label="sick",
    label_help="1 = sick, 0 = healthy.",
)
HEADER = "spo2,age,cp,chol,sick\n"
GOOD = HEADER + "97.5,54,1,225,0\n91,60,2,,1\n"


def check(text: str | bytes, labelled: bool = True) -> Report:
    raw = text if isinstance(text, bytes) else text.encode()
    return check_csv(raw, SCHEMA, source="a test", labelled=labelled)


def only(text: str | bytes) -> Problem:
    report = check(text)
    assert report.dataset is None
    assert report.problem_count == len(report.problems) == 1, report.problems
    return report.problems[0]


def test_a_good_file_becomes_a_dataset() -> None:
    report = check(GOOD)
    assert report.problems == ()
    assert report.dataset is not None
    np.testing.assert_array_equal(report.dataset.x, np.array([[97.5, 54, 1, 225], [91, 60, 2, np.nan]], np.float32))
    assert report.dataset.y.tolist() == [0, 1]
    assert (report.dataset.source, report.dataset.synthetic, report.rows) == ("a test", False, 2)
    assert report.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert list(report.preview.columns) == ["spo2", "age", "cp", "chol", "sick"]
    assert report.preview["age"].astype(str).tolist() == ["54", "60"]
    assert report.notes == ("Missing values, of 2 rows: chol in 1.",)


@pytest.mark.parametrize(
    ("row", "column", "value", "rule"),
    [
        ("85,54,1,225,0", "spo2", "85", "Oxygen saturation must be a number from 90 to 100 %; this is too low."),
        ("100.1,54,1,225,0", "spo2", "100.1", "this is too high"),
        (",54,1,225,0", "spo2", "", "it may not be empty"),
        ("97,54.5,1,225,0", "age", "54.5", "a whole number from 18 to 110 years; this has decimals"),
        ("97,111,1,225,0", "age", "111", "from 18 to 110 years; this is too high"),
        ("97,54,3,225,0", "cp", "3", "must be 1 (typical angina) or 2 (none); this is none of them"),
        ("97,54,1,20,0", "chol", "20", "or empty where it is not known; this is too low. mmol/l × 38.67."),
        ('"97,5",54,1,225,0', "spo2", "97,5", "write 97.5 with a decimal point"),
        ('97,54,1,"1,225",0', "chol", "1,225", "write 1.225 or 1225: what the comma means is not clear"),
        ("97,54,1,1 225.5,0", "chol", "1 225.5", "without thousands separators"),
        ("97 %,54,1,225,0", "spo2", "97 %", "write 97 alone, without the unit"),
        ("97,54,1,225mg/dl,0", "chol", "225mg/dl", "write 225 alone"),
        ("inf,54,1,225,0", "spo2", "inf", "infinity is no measurement"),
        ("97,54,1,-Infinity,0", "chol", "-Infinity", "infinity is no measurement"),
        ("nan,54,1,225,0", "spo2", "nan", "leave the cell empty where the value is missing"),
        ("97,54,1,N/A,0", "chol", "N/A", "leave the cell empty"),
        ("1e400,54,1,225,0", "spo2", "1e400", "too large to be held"),
        ("97,54,1,1e39,0", "chol", "1e39", "too large to be held"),
        ("9_7,54,1,225,0", "spo2", "9_7", "not a number"),
        ("٩٧,54,1,225,0", "spo2", "٩٧", "not a number"),
        ("0x61,54,1,225,0", "spo2", "0x61", "0x61"),
        ("high,54,1,225,0", "spo2", "high", "not a number"),
        ("97,54,1,225,2", "sick", "2", 'The label "sick" must be 0 or 1 in every row. 1 = sick, 0 = healthy.'),
        ("97,54,1,225,", "sick", "", "must be 0 or 1"),
        ("97,54,1,225,yes", "sick", "yes", "must be 0 or 1"),
    ],
)
def test_every_wrong_cell_is_named_with_row_column_value_and_what_would_be_right(
    row: str, column: str, value: str, rule: str
) -> None:
    problem = only(HEADER + "97.5,54,1,225,0\n" + row + "\n95,40,2,?,1\n")
    assert (problem.row, problem.column, problem.value) == (2, column, value)
    if value != "0x61":
        assert rule in problem.rule


def test_every_problem_of_a_file_is_found_at_once_and_listed_by_row() -> None:
    report = check(HEADER + "1,2,3,4,5\n97,54,1,225,0\nx,y,z,a,b\n")
    assert [(p.row, p.column) for p in report.problems] == [
        *[(1, c) for c in ("spo2", "age", "cp", "chol", "sick")],
        *[(3, c) for c in ("spo2", "age", "cp", "chol", "sick")],
    ]


def test_a_missing_code_and_every_way_to_write_it_is_a_gap() -> None:
    report = check(HEADER + "97,54,1,?,0\n97,54,1,0.0,0\n97,54,1, ,1\n")
    assert report.dataset is not None
    assert np.isnan(report.dataset.x[:, 3]).all()


def test_a_very_wrong_file_lists_the_first_problems_and_says_how_many_there_are() -> None:
    report = check(HEADER + "1,54,1,225,0\n" * 3000)
    assert report.problem_count == 3000
    assert len(report.problems) == MOST_LISTED + 1
    assert [p.row for p in report.problems[:3]] == [1, 2, 3]
    assert report.problems[-1].rule == "2000 more problems are not listed; there are 3000 in all."


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "The file is empty"),
        (b" \r\n\n", "The file is empty"),
        (codecs.BOM_UTF8, "The file is empty"),
        (HEADER.encode(), "no rows under them"),
        (b"PK\x03\x04rest", "an Excel workbook or ZIP"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a PNG image"),
        (b'[{"a": 1}]', "None of the columns"),
        (b'{"a": 1}', "JSON"),
        (b"<html>", "HTML"),
        (b"spo2\0age", "binary data"),
        (bytes(range(1, 32)) * 9, "binary data"),
        (codecs.BOM_UTF16_LE + b"\x00", "neither text nor a table"),
        (b"97.5,54,1,225,0\n91,60,2,,1\n", "The first line holds values; it must name the columns: spo2, age"),
        (b"a,b,c\n1,2,3\n", "None of the columns that are needed"),
        (HEADER.encode() + b'97,54,1,"225,0\n91,60,2,,1\n', "quotation mark"),
        (HEADER.encode() + b"9" * 200_000 + b",1,1,1,1\n", "cannot be read"),
        (b"x" * (MAX_BYTES + 1), "at most 64 MB"),
        (b"a," * 600_000 + b"\n1", "The first line has 1200000 characters"),
    ],
)
def test_what_is_no_table_gets_one_sentence(raw: bytes, says: str) -> None:
    problem = only(raw)
    assert (problem.row, problem.column) == (None, None)
    assert says in problem.rule


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        (GOOD.replace(",", ";").encode(), "separated by semicolons"),
        (GOOD.replace(",", "\t").encode(), "separated by tabs"),
        (("sep=;\r\n" + GOOD.replace(",", ";")).encode(), "separated by semicolons"),
        (GOOD.encode("utf-8-sig"), ""),
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.replace("\n", "\r\n").encode(), ""),
        (GOOD.replace("\n", "\r").encode(), ""),
        (GOOD.rstrip().encode(), ""),
        ((GOOD + "\n,,,,\n \n").encode(), "3 blank rows were passed over"),
        (GOOD.replace("spo2", " SpO2 ").encode(), 'The column "SpO2" was read as "spo2"'),
        (GOOD.replace("spo2", '"spo2"').encode(), ""),
        (GOOD.replace(",0\n", ",0,\n").encode(), ""),
        (GOOD.replace("sick", "sick,Größe").replace("0\n", "0,\n").replace("1\n", "1,\n").encode("cp1252"), "UTF-8"),
    ],
)  # fmt: skip
def test_the_ways_in_which_programs_write_a_table_are_all_read_the_same(raw: bytes, note: str) -> None:
    report, plain = check(raw), check(GOOD)
    assert report.dataset is not None and plain.dataset is not None, report.problems
    assert report.dataset.fingerprint == plain.dataset.fingerprint
    assert note in " ".join(report.notes)


def test_semicolons_with_decimal_commas_are_not_guessed_at() -> None:
    problem = only("spo2;age;cp;chol;sick\n97,5;54;1;225;0\n")
    assert (problem.row, problem.column) == (1, "spo2")
    assert "write 97.5 with a decimal point" in problem.rule


def test_missing_and_doubled_columns_are_named_and_a_likely_misspelling_is_offered() -> None:
    report = check("spo22,age,age,chol,sick\n97,54,54,225,0\n")
    assert [(p.row, p.column) for p in report.problems] == [(None, "spo2"), (None, "cp"), (None, "age")]
    assert 'Is it the one called "spo22"? Then rename it.' in report.problems[0].rule
    assert "it holds 1 (typical angina) or 2 (none)" in report.problems[1].rule
    assert "there 2 times" in report.problems[2].rule


def test_columns_that_are_not_needed_are_left_out_and_named() -> None:
    report = check("name,spo2,age,cp,chol,sick\nMrs Smith,97,54,1,225,0\n")
    assert report.dataset is not None
    assert report.dataset.x.shape == (1, 4)
    assert 'Not needed, so neither read nor kept: "name".' in report.notes
    assert "Smith" not in report.preview.to_string()


def test_a_row_that_is_too_short_or_too_long_is_named() -> None:
    report = check(HEADER + "97,54,1,225\n97,54,1,225,0\n97,5,54,1,225,0\n")
    assert [(p.row, p.column, p.value) for p in report.problems] == [(1, None, "4 cells"), (3, None, "6 cells")]
    assert "must have 5 cells" in report.problems[0].rule


def test_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    assert only(HEADER + "97,54,1,225,0\n\n85,54,1,225,0\n").row == 3


def test_one_class_and_repeated_rows_are_noted_and_not_refused() -> None:
    report = check(HEADER + "97,54,1,225,0\n97,54,1,225,0\n")
    assert report.dataset is not None
    assert report.notes[0].startswith("Every row has sick = 0.")
    assert report.notes[1] == "1 of 2 rows repeat the inputs of another row."


def test_rows_to_be_answered_need_no_label_and_do_not_use_one() -> None:
    for text in (GOOD, "spo2,age,cp,chol\n97.5,54,1,225\n91,60,2,\n", GOOD.replace(",1\n", ",unknown\n")):
        report = check(text, labelled=False)
        assert report.dataset is not None, report.problems
        assert report.dataset.y.tolist() == [0, 0]
        assert report.dataset.x[0, 0] == 97.5


def test_the_template_needs_only_rows() -> None:
    assert template_csv(SCHEMA).decode() == HEADER
    assert template_csv(SCHEMA, labelled=False) == b"spo2,age,cp,chol\n"
    assert "no rows under them" in only(template_csv(SCHEMA)).rule


def test_a_generated_file_stays_marked_as_synthetic() -> None:
    drawn = Dataset(np.array([[97, 54, 1, 225]], np.float32), np.array([1]), "drawn", synthetic=True)
    report = check(to_csv(drawn, SCHEMA))
    assert report.dataset is not None and report.dataset.synthetic
    assert "marked as synthetic" in report.notes[0]
    assert only(HEADER.replace("sick", "sick,synthetic") + "97,54,1,225,0,maybe\n").column == "synthetic"


def test_a_value_cannot_smuggle_in_control_characters_or_a_wall_of_text() -> None:
    value = only(HEADER + f"\x1b[31m{'x' * 500},54,1,225,0\n").value
    assert value.isprintable()
    assert len(value) == 40


def test_a_problem_reads_as_one_line() -> None:
    assert str(only(HEADER + "85,54,1,225,0\n")).startswith("row 1, column spo2, value 85: Oxygen saturation must be")
    assert str(only(b"")).startswith("The file is empty")


@modest
@given(raw=st.binary(max_size=300))
@example(raw=b'"')
@example(raw=b"\xff\xfe\xff")
def test_no_bytes_whatever_make_the_check_fail(raw: bytes) -> None:
    report = check(raw)
    assert report.dataset is None
    assert report.problems


PIECES = ["spo2", "age", "cp", "chol", "sick", ",", ";", "\n", '"', "1", "97", "?", "\r", "é", "1e9", " "]


@modest
@given(text=st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_near_miss_of_a_table_makes_the_check_fail(text: str) -> None:
    for raw in (text, HEADER + text):
        report = check(raw)
        assert (report.dataset is None) == bool(report.problems)
        assert len(report.preview) <= 20


@modest
@given(cell=st.text(max_size=70), column=st.integers(0, 4))
def test_a_cell_is_either_taken_or_named(cell: str, column: int) -> None:
    assume(not set(cell) & set('"\r\n\0'))
    cells = ["97", "54", "1", "225", "0"]
    cells[column] = f'"{cell}"'
    report = check(HEADER + ",".join(cells) + "\n")
    if report.dataset is None:
        assert report.problem_count == 1
    else:
        assert cell.strip() == "" or cell.strip() == "?" or np.isfinite(float(cell))


@modest
@given(
    rows=st.lists(
        st.tuples(
            st.floats(90, 100, width=32),
            st.integers(18, 110),
            st.sampled_from([1, 2]),
            st.none() | st.floats(60, 800, width=32),
            st.sampled_from([0, 1]),
        ),
        min_size=1,
        max_size=30,
    ),
    synthetic=st.booleans(),
)
def test_what_is_written_reads_back_to_the_same_bits(
    rows: list[tuple[float, int, int, float | None, int]], synthetic: bool
) -> None:
    x = np.array([[np.nan if v is None else v for v in row[:4]] for row in rows], np.float32)
    dataset = Dataset(x, np.array([row[4] for row in rows]), "a test", synthetic)
    report = check(to_csv(dataset, SCHEMA))
    assert report.dataset is not None, report.problems
    assert report.dataset.fingerprint == dataset.fingerprint
    assert report.dataset.synthetic == synthetic
    assert to_csv(report.dataset, SCHEMA) == to_csv(dataset, SCHEMA)


COLUMNS = (
    Column("age", "Age", "years", 18, 90, 50, "integer"),
    Column("share", "Share", "", 0, 0.8, 0.5, nullable=True),
    Column("pain", "Pain", "", 1, 4, 1, "category", {1: "none", 4: "much"}),
)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_the_quick_look_at_a_column_sees_just_what_pandera_names(
    column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = TableSchema((column,), "label")
    ends = [np.nextafter(end, to) for end in (column.low, column.high) for to in (-np.inf, np.inf)]
    values = np.array([np.nan, 0, 0.5, 1, 2, 18.5, 50, column.low, column.high, *ends])
    seen = outside(column, values)
    monkeypatch.setattr(rules, "outside", lambda column, values: np.ones(len(values), bool))  # so that pandera looks
    named, count = rules.find_breaches(
        pd.DataFrame({column.name: values}), schema, {column.name: np.zeros(len(values), bool)}, 50
    )
    assert [breach.position for breach in named] == np.flatnonzero(seen).tolist()
    assert 0 < count < len(values)
