"""Layouts that are recognised after an app was built anew."""

from __future__ import annotations

import pytest

from apk_analysis.appearance.layouts import layouts
from apk_analysis.intake.archive import open_archive
from datasets.reskin.axml import Node, Reference, write_xml
from tests.archives import Member, archive


def screen(prefix: str, number: int, priority: int = 3, rows: int = 6) -> Node:
    """A layout whose names, texts and references come from `prefix` and `number`."""
    kept = [Node(f"{prefix}Row", {"label": f"{prefix} text", "icon": Reference(number + i), "enabled": True, "priority": priority + i}) for i in range(rows)]
    return Node(f"{prefix}Screen", {"name": f"{prefix}.Main", "priority": 1, "exported": True, "value": 7}, kept)


def hashes_of(members: dict[str, Node | bytes]) -> list[int]:
    stored = (Member(name.encode(), write_xml(one) if isinstance(one, Node) else one) for name, one in members.items())
    return layouts(open_archive(archive(*stored))).tolist()


def test_another_build_has_the_same_layouts() -> None:
    """Other names, texts, references and file names change nothing; other values and another order of elements do."""
    ours = hashes_of({"res/layout/main.xml": screen("old", 0x7F010001)})
    assert ours == hashes_of({"res/a1.xml": screen("new", 0x7F0B0100)}) and len(ours) == 1
    assert ours != hashes_of({"res/layout/main.xml": screen("old", 0x7F010001, priority=9)})
    nested = screen("old", 0x7F010001)
    nested.children[0].children.append(nested.children.pop())
    assert ours != hashes_of({"res/layout/main.xml": nested})


@pytest.mark.parametrize(
    "members",
    [
        {"res/layout/abc_main.xml": screen("a", 1)}, {"res/layout/main.xml": screen("a", 1, rows=3)}, {"assets/main.xml": screen("a", 1)},
        {"res/layout/main.xml": b"<LinearLayout/>" * 20}, {"res/layout/main.xml": write_xml(screen("a", 1))[:200]}, {"res/layout/main.xml": b""},
    ],
    ids=["a library's", "says too little", "no resource", "text", "cut", "empty"],
)  # fmt: skip
def test_what_tells_nothing_is_left_out(members: dict[str, Node | bytes]) -> None:
    """Libraries known by name, short ones, and what is damaged or no layout have no hash and do no harm."""
    assert hashes_of(members) == []


def test_elements_that_lie_about_their_size_do_no_harm() -> None:
    """Whatever byte of a layout is changed, reading it ends."""
    whole = write_xml(screen("a", 1))
    for place in range(0, len(whole), 3):
        hashes_of({"res/layout/main.xml": whole[:place] + b"\xff" + whole[place + 1 :]})
