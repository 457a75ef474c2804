"""Rules folders of any size: the shipped rules and copies of them with other numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from fraud_guard.app.rule_bench import copies
from fraud_guard.app.rule_files import load_generation
from fraud_guard.rulebook.rule import Rule
from fraud_guard.shipped import shipped

LONGEST_S = 90 * 86_400
"""The longest span that a sequence may have."""


def rules_folder(folder: Path, size: int) -> Path:
    """A folder of `size` rules beside the shipped policies."""
    generation, files = load_generation(shipped("rules"))
    texts = {PurePosixPath(path).stem: text for path, text in files.items() if path.startswith("tags/")}
    shutil.copytree(shipped("rules"), folder)
    shutil.rmtree(folder / "tags")
    (folder / "tags").mkdir()
    shelf = [compiled.rule for compiled in generation.book.rules]
    for i, rule in enumerate(copies(shelf, size)):
        document = _document(yaml.safe_load(texts[shelf[i % len(shelf)].id]), rule)
        (folder / "tags" / f"{rule.id}.yaml").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    return folder


def _document(original: dict[str, Any], rule: Rule) -> dict[str, Any]:
    changed = {"id": rule.id}
    if rule.when is not None:
        changed["when"] = rule.when
    if rule.sequence is not None:
        changed["sequence"] = original["sequence"] | {"within": f"{min(rule.sequence.within, LONGEST_S)}s"}
    return original | changed
