"""androguard's whole analysis: who in the app calls the platform's methods that an ability is made of.

Takes up to a minute and two gigabytes for a large app, so it is asked for, and runs in the sandbox under limits of its own.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.markers import rows
from apk_analysis.code.members import code_members
from apk_analysis.code.wording import NOTES
from apk_analysis.deep.witnesses import FAILURES
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.report.facts import CallFact, DeepFact

MOST_CALLERS = 10
LONGEST_NAME = 200


def analyse(archive: Archive) -> DeepFact:
    """What calls what, in the DEX files that it reads."""
    _quiet()
    dex, analysis = importlib.import_module("androguard.core.dex"), importlib.import_module("androguard.core.analysis.analysis").Analysis()
    unread: list[str] = []
    for member in code_members(archive, {}, CodeLimits(), Ledger(NOTES)):
        try:
            analysis.add(dex.DEX(member.data))
        except FAILURES as failure:
            unread.append(f"{member.name}: {failure}"[:LONGEST_NAME])
    analysis.create_xref()
    return DeepFact(
        classes=sum(1 for _ in analysis.get_internal_classes()), methods=sum(1 for _ in analysis.get_internal_methods()), calls=tuple(_calls(analysis)),
        unread=tuple(unread),
    )  # fmt: skip


@cache
def _quiet() -> None:
    importlib.import_module("loguru").logger.disable("androguard")


def _calls(analysis: Any) -> Iterator[CallFact]:
    wanted, callers = _wanted(), defaultdict[str, set[str]](set)
    for method in analysis.get_external_methods():
        call = f"{method.class_name}->{method.name}"
        if call in wanted:
            callers[call] |= {f"{one.class_name}->{one.name}"[:LONGEST_NAME] for _, one, _ in method.get_xref_from()}
    for call in sorted(callers):
        if found := sorted(callers[call]):
            yield CallFact(wanted[call], call, tuple(found[:MOST_CALLERS]), len(found))


@cache
def _wanted() -> dict[str, tuple[str, ...]]:
    """The abilities by each call that may make them."""
    found = defaultdict[str, list[str]](list)
    for row in rows("abilities.yaml"):
        for term in {term for choices in row["all"] for term in choices if "->" in term}:
            found[term].append(row["id"])
    return {call: tuple(ids) for call, ids in found.items()}
