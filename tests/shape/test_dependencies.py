"""What is declared is imported, and what is imported is declared."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = ("fraud_guard", "apk_analysis", "datasets", "streams")
COMES_WITH_FAUST = {"aiohttp", "aiokafka", "mode-streaming", "yarl"}  # at the versions that Faust chose


def imported(file: Path) -> set[str]:
    """Top-level names that a module imports from outside the standard library and the product."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - set(OURS) - sys.stdlib_module_names


def distributions() -> set[str]:
    """The distributions that the product imports."""
    files = [file for name in OURS for file in (ROOT / name).rglob("*.py")] + [ROOT / "streams.py"]
    providers = packages_distributions()
    names = {name for file in files for name in imported(file)}
    return {canonicalize_name(provider) for name in names for provider in providers.get(name, [name])}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def declared() -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in project()["dependencies"]}


def extras() -> set[str]:
    """What some parts use where it is installed."""
    return {canonicalize_name(Requirement(line).name) for lines in project()["optional-dependencies"].values() for line in lines}


def test_every_import_is_declared() -> None:
    """Nothing works by the accident of what some other package brings along."""
    assert distributions() - declared() - extras() - COMES_WITH_FAUST == set()


def test_every_dependency_is_imported() -> None:
    """Nothing is installed that nobody uses."""
    assert declared() - distributions() == set()
