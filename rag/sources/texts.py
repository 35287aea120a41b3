"""Read whole texts that people add: PDF, HTML and Markdown."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.article import ArticleError, Link
from rag.sources.clean import cleaned
from rag.sources.document import PREFACE, Reading, document
from rag.sources.names import other_names, title_of
from rag.sources.split import sentences

if TYPE_CHECKING:
    from bs4 import Tag

KIND = "document"
_MOST_PAGES = 2000
_HEADING = re.compile(r"^(#{1,4})\s+(.+?)\s*#*$")
_BESIDE = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "button", "svg")
_BLOCKS = ("h1", "h2", "h3", "h4", "p", "li", "td", "th", "dt", "dd", "blockquote", "pre")
Parts = list[tuple[str, str]]  # heading and text


def read_markdown(path: Path) -> Reading:
    """Read Markdown: the first ``#`` heading is the title, each other heading begins a part."""
    title, parts = "", Parts()
    for block in _decoded(path).split("\n\n"):
        for line in block.splitlines():
            if match := _HEADING.match(line):
                if len(match[1]) == 1 and not title:
                    title = _plain_markdown(match[2])
                else:
                    parts.append((_plain_markdown(match[2]), ""))
            else:
                _add(parts, _plain_markdown(line))
        _add(parts, "\n")
    return _reading(path, title, parts, "")


def read_html(path: Path) -> Reading:
    """Read a page: what stands in its main part; menus, forms, scripts and hidden elements are left out."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_decoded(path), "lxml")
    canonical = soup.find("link", rel="canonical")
    url = str(canonical.get("href") or "") if canonical else ""
    heading = soup.find("h1") or soup.find("title")
    title = heading.get_text(" ", strip=True) if heading else ""
    for element in soup.find_all(_BESIDE):
        element.decompose()
    for element in soup.find_all(_is_hidden):
        element.decompose()
    parts = Parts()
    for element in (soup.find("main") or soup.find("article") or soup.body or soup).find_all(_BLOCKS):
        text = element.get_text(" ", strip=True)
        if element.name == "h1" and text == title:
            continue
        if element.name.startswith("h"):
            parts.append((text, ""))
        elif not element.find(_BLOCKS):  # else its own blocks come by themselves
            _add(parts, text if text.endswith((".", "?", "!", ":")) else f"{text}.")
            _add(parts, "\n")
    return _reading(path, title, parts, url if url.startswith("https://") else "")


def read_pdf(path: Path) -> Reading:
    """Read a PDF, a part a page; its title is the one it declares, else the name of the file."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            raise ArticleError(f"{path.name}: is locked with a password; save it without one.")
        if len(reader.pages) > _MOST_PAGES:
            raise ArticleError(f"{path.name}: has {len(reader.pages):,} pages; at most {_MOST_PAGES:,} can be read.")
        title = str(reader.metadata.title or "") if reader.metadata else ""
        parts = [
            (f"Page {number}", re.sub(r"-\n(?=[a-z])", "", page.extract_text() or ""))
            for number, page in enumerate(reader.pages, 1)
        ]
    except (PyPdfError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArticleError(f"{path.name}: cannot be read as a PDF.") from error
    if not any(text.strip() for _, text in parts):
        raise ArticleError(f"{path.name}: holds no text; a scanned PDF needs text recognition first.")
    return _reading(path, title, parts, "")


READERS: dict[str, Callable[[Path], Reading]] = {
    ".md": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}


def _reading(path: Path, title: str, parts: Parts, url: str) -> Reading:
    title = " ".join(title.split())[:200] or path.stem.replace("_", " ").replace("-", " ")
    lines = [(heading[:120] or "Overview", cleaned(sentences(text))) for heading, text in parts]
    kept = [(heading, said) for heading, said in lines if said]
    if not kept:
        raise ArticleError(f"{path.name}: says nothing that can be indexed.")
    left_out = sum(len(sentences(text)) for _, text in parts) - sum(len(said) for _, said in kept)
    names = other_names(title, kept[0][1][:PREFACE])
    found = document(
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        KIND,
        title_of(title),
        names,
        kept,
        Link(title, url),
    )
    return Reading(path.name, "document", (found,), {"boilerplate sentences": left_out} if left_out else {})


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ArticleError(f"{path.name}: cannot be read as text in UTF-8.") from error


def _add(parts: Parts, text: str) -> None:
    if not parts:
        parts.append(("", ""))
    heading, before = parts[-1]
    parts[-1] = (heading, f"{before}\n{text}")


def _plain_markdown(line: str) -> str:
    line = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", line)
    line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)
    line = re.sub(r"<[^>]{1,200}>", "", line)
    return re.sub(r"(\*\*|__|`)", "", re.sub(r"^\s*(>|[*+]|\d+\.)\s+", "- ", line))


def _is_hidden(element: "Tag") -> bool:
    style = str(element.get("style") or "").replace(" ", "").lower()
    hidden: Any = element.get("hidden")
    return hidden is not None or "display:none" in style or "visibility:hidden" in style
