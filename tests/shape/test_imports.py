"""The import rules hold, and the linter that guards them really bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = (
    "aiohttp",
    "aiokafka",
    "androguard",
    "faust",
    "httpx",
    "redis",
    "rich",
    "sqlalchemy",
    "typer",
    "yara",
)
LEAKS = "import sys, {module}; print(*sorted(set(sys.modules) & set({names!r})))"


def modules_left_behind(module: str, names: tuple[str, ...]) -> str:
    """Those of `names` that a fresh interpreter holds after importing `module`."""
    code = LEAKS.format(module=module, names=names)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


def import_rules(tree: Path) -> str:
    """What import-linter says of `tree`."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"],
        cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages and their rules, to plant violations in."""
    for name in ("fraud_guard", "apk_analysis"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(file: Path, line: str) -> None:
    file.write_text(f"{file.read_text('utf-8') if file.exists() else ''}\n{line}\n", "utf-8")


def test_the_core_brings_no_outside_library() -> None:
    """Importing the pipeline loads no broker, database, web or terminal library."""
    assert modules_left_behind("fraud_guard.pipeline", OUTSIDE) == ""


def test_apk_analysis_does_not_know_the_river() -> None:
    """Importing the APK analysis loads nothing of the stream processor."""
    assert modules_left_behind("apk_analysis", ("fraud_guard", "fraud_guard.errors")) == ""


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("fraud_guard/fusion/fuse.py", "import fraud_guard.dispatch.order", "the flow goes one way broken"),
        ("fraud_guard/tags/kinds.py", "import redis", "the core does no i/o broken"),
        ("fraud_guard/tags/kinds.py", "import time", "the core does no i/o broken"),
        ("apk_analysis/__init__.py", "import fraud_guard.errors", "knows nothing of the river broken"),
        ("fraud_guard/misc.py", "", "fraud_guard.misc (since this contract is marked as 'exhaustive'"),
    ],
)
def test_a_planted_violation_is_caught(copy: Path, file: str, line: str, complaint: str) -> None:
    """Each import rule reports the violation it is there for, and a new room must take its place."""
    plant(copy / file, line)
    assert complaint in " ".join(import_rules(copy).lower().split())
