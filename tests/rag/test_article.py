"""A file that is not an article is refused with its line and what would be right."""

from pathlib import Path

import pytest

from rag.article import SECTIONS, ArticleError, read_article

FRONT = '+++\ntitle = "Gout"\nsynonyms = ["gouty arthritis"]\n[[sources]]\ntitle = "A"\nurl = "https://medlineplus.gov/gout.html"\n+++\n'
BODY = "".join(f"## {section}\nA sentence about {section.lower()}. [1]\n" for section in SECTIONS["condition"])


def write(folder: Path, text: str, name: str = "gout.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_article_is_read_with_its_links(tmp_path: Path) -> None:
    article = read_article(write(tmp_path, FRONT + BODY))
    assert (article.key, article.title, article.synonyms) == ("gout", "Gout", ("gouty arthritis",))
    assert article.passages[1].id == "gout/Symptoms"
    assert article.passages[1].sentences[0].links[0].url == "https://medlineplus.gov/gout.html"
    assert article.passages[1].text == "A sentence about symptoms."


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_kind_of_article_has_its_own_sections(tmp_path: Path, kind: str) -> None:
    front = FRONT.replace("synonyms", f'kind = "{kind}"\nsynonyms')
    body = "".join(f"## {section}\nA sentence. [1]\n" for section in SECTIONS[kind])
    article = read_article(write(tmp_path, front + body))
    assert article.kind == kind
    assert [(passage.section, passage.kind) for passage in article.passages] == [(s, kind) for s in SECTIONS[kind]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BODY, "line 1: front matter"),
        ("", "line 1: front matter"),
        (FRONT.replace('title = "Gout"\n', "") + BODY, "needs a title"),
        (FRONT.replace('["gouty', "[gouty") + BODY, "not TOML"),
        (FRONT.replace("https:", "http:") + BODY, "https address"),
        (FRONT.replace("gout.html", "gout.html?a=<b>") + BODY, "https address"),
        (FRONT + BODY.replace("## Tests\n", "## Test\n"), "for the kind condition they must be"),
        (FRONT.replace("synonyms", 'kind = "test"\nsynonyms') + BODY, "for the kind test they must be Overview, When"),
        (
            FRONT.replace("synonyms", 'kind = "herb"\nsynonyms') + BODY,
            "the kind is 'herb'; it must be one of condition,",
        ),
        (FRONT + "words\n" + BODY, "line 8: text before the first section"),
        (FRONT + BODY.replace("tests. [1]", "tests."), "line 15: a sentence must end"),
        (FRONT + BODY.replace("tests. [1]", "tests. [2]"), r"line 15: there is no source \[2\]"),
        (FRONT + BODY.replace("about tests", "about " + "tests " * 60), "line 15: the sentence is longer"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        read_article(write(tmp_path, text))


def test_a_binary_file_a_missing_file_and_a_bad_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.md").write_bytes(b"\xff\xfe\x00")
    for path, complaint in (
        (tmp_path / "noise.md", "UTF-8"),
        (tmp_path / "none.md", "cannot be read"),
        (write(tmp_path, FRONT + BODY, "Gout (new).md"), "the name may have"),
    ):
        with pytest.raises(ArticleError, match=complaint):
            read_article(path)
