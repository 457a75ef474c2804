"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = [
    file for name in ("fraud_guard", "apk_analysis", "datasets") for file in (ROOT / name).rglob("*.py")
]
TESTS = list((ROOT / "tests").rglob("test_*.py"))
LONGEST_LINES = 350
CATCH_ALLS = {"utils", "util", "common", "misc", "helpers"}


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def without_promise(file: Path) -> list[str]:
    """The test functions of `file` that have no docstring."""
    return [
        f"{shown(file)}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def test_every_test_says_its_promise() -> None:
    """Each test function has a docstring: what is promised, in one sentence."""
    assert [complaint for file in TESTS for complaint in without_promise(file)] == []


def test_every_room_says_what_it_holds() -> None:
    """Each module of the product that holds anything opens with a docstring."""
    silent = [
        shown(file)
        for file in PRODUCT
        if (text := file.read_text("utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_files_stay_readable() -> None:
    """No module of the product is longer than 350 lines; a long one is two rooms."""
    long = [shown(file) for file in PRODUCT if len(file.read_text("utf-8").splitlines()) > LONGEST_LINES]
    assert long == []


def test_no_catch_all_rooms() -> None:
    """No module or folder is named for holding anything whatever."""
    assert [shown(file) for file in PRODUCT if CATCH_ALLS & {file.stem, *file.parent.parts[-2:]}] == []


def test_broad_excepts_stand_at_the_boundary_only() -> None:
    """`except Exception` and the bare `except` occur in adapters and app, and around a stage of a dissection, nowhere deeper."""
    broad = [
        f"{shown(file)}:{node.lineno}"
        for file in PRODUCT
        if not {"adapters", "app", "dissection"} & set(file.parts)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert broad == []
