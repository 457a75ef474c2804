"""streams.py is the table of contents of the worker, and no more than that."""

from __future__ import annotations

import ast
from pathlib import Path

STREAMS = Path(__file__).parents[2] / "streams.py"
STATEMENTS = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)


def test_streams_fits_one_screen() -> None:
    """The file has fewer than 60 lines."""
    assert len(STREAMS.read_text("utf-8").splitlines()) < 60


def test_streams_holds_no_logic() -> None:
    """Only imports, assignments and calls stand there, one after the other."""
    tree = ast.parse(STREAMS.read_text("utf-8"))
    assert [type(node).__name__ for node in tree.body if not isinstance(node, STATEMENTS)] == []
    inner = (ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp)
    assert [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, inner)] == []
