"""What the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "docs" / "adr" / "template.md"  # its links are blanks to fill in
DOCS = [
    path for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))) if path != TEMPLATE
]
LINK = re.compile(r"\]\((?!\w+://|#)([^)#\s]+)")
PLACE = re.compile(r"`((?:tests|docs|fraud_guard|datasets|rules|benchmarks|apk_analysis)/[\w./-]*)`")


def dead_ends(document: Path) -> list[str]:
    """Links of a document, relative to it, and places it names, relative to the root, that are not there."""
    text = document.read_text("utf-8")
    links = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    return links + [place for place in PLACE.findall(text) if not (ROOT / place).exists()]


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_points_at_what_exists(document: Path) -> None:
    """Every relative link and every path in backticks leads somewhere."""
    assert dead_ends(document) == []


def test_the_index_of_decisions_is_complete() -> None:
    """Each decision record stands in the index, with the status it states itself."""
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text("utf-8")
    for record in folder.glob("[0-9]*.md"):
        status = re.search(r"^Status: (\w+)", record.read_text("utf-8"), re.MULTILINE)
        assert status, record.name
        assert re.search(rf"\({record.name}\) \| {status[1]}", index), record.name


def test_an_enforced_limit_names_what_enforces_it() -> None:
    """In docs/limits.md, "enforced" stands only beside a test file or a check of `make check`."""
    limits = (ROOT / "docs" / "limits.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in limits.splitlines() if line[:1] == "|"
    ]
    enforced = [row for row in rows if len(row) == 3 and row[1].startswith("enforced")]
    assert enforced
    assert [row[0] for row in enforced if not re.search(r"tests/[\w/]+\.py|`make check`", row[2])] == []
