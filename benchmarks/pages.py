"""docs/performance.md: a head, and sections between marks, each written by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_FIRST = re.compile(r"^<!-- begin \w+ -->$", re.MULTILINE)


class Told(NamedTuple):
    """Markdown, and whether every bar was met."""

    text: str
    met: bool


def with_head(page: str, head: str) -> str:
    """The page with another head; its sections stay."""
    found = _FIRST.search(page)
    return head.rstrip() + "\n" + ("\n" + page[found.start() :] if found else "")


def with_section(page: str, name: str, text: str) -> str:
    """The page with another section of that name; a new one comes last."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    before, found, rest = page.partition(begin + "\n")
    if not found:
        return page.rstrip() + "\n\n" + section
    return before + section + rest.partition(end + "\n")[2]


def verdict(*, met: bool) -> str:
    """How a bar is told."""
    return "met" if met else "**missed**"
