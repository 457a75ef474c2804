"""What other parsers make of a manifest: where they fail or read something else, somebody meant them to.

Our reader comes first, because it reads as Android does and ends in milliseconds; the others are witnesses,
each optional, in its own process and within its own time. Where ours reads nothing, the first of them that
does is believed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from apk_analysis.evidence import Ledger
from apk_analysis.manifest.components import full_name
from apk_analysis.manifest.facts import Component, Manifest
from apk_analysis.manifest.permissions import combinations, explain
from apk_analysis.manifest.wording import NOTES

PARSERS = ("androguard", "apkInspector", "apk_info")
TIMEOUT_S = 20.0
LONGEST_ANSWER_BYTES = 16 << 20


class Opinion(msgspec.Struct, frozen=True):
    """What one parser read; `problem` says why it read nothing."""

    parser: str
    package: str = ""
    permissions: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    problem: str = ""


class _Answer(msgspec.Struct):
    package: str
    permissions: tuple[str, ...]
    components: tuple[str, ...]


def installed(parsers: Sequence[str] = PARSERS) -> tuple[str, ...]:
    """Those of `parsers` that are there to be asked."""
    return tuple(name for name in parsers if importlib.util.find_spec(name) is not None)


def ask(parser: str, axml: bytes, timeout_s: float = TIMEOUT_S) -> Opinion:
    """What `parser` reads in a manifest; its crash, its hang and its failure are opinions too."""
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "apk_analysis.manifest.witness", parser]
    try:
        done = subprocess.run(command, input=axml, capture_output=True, timeout=timeout_s, env=env, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Opinion(parser, problem=f"no answer within {timeout_s:g} s")
    if done.returncode or len(done.stdout) > LONGEST_ANSWER_BYTES:
        last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
        return Opinion(parser, problem=last[:200] or f"ended with {done.returncode}")
    return _opinion(parser, done.stdout)


def _opinion(parser: str, answer: bytes) -> Opinion:
    try:
        return read_opinion(parser, json.loads(answer))
    except (ValueError, RecursionError) as problem:
        return Opinion(parser, problem=str(problem)[:200])


def read_opinion(parser: str, answer: object) -> Opinion:
    """From what a witness answered."""
    try:
        read = msgspec.convert(answer, _Answer)
    except msgspec.ValidationError as problem:
        return Opinion(parser, problem=str(problem)[:200])
    return Opinion(parser, read.package, read.permissions, read.components)


def weigh(manifest: Manifest, opinions: Sequence[Opinion]) -> Manifest:
    """The manifest with disagreement as evidence; from the first parser that read it, where ours read nothing."""
    ledger = Ledger(NOTES)
    for one in opinions:
        if one.problem:
            ledger.note("parser_failed", f"{one.parser}: {one.problem}")
    heard = [one for one in opinions if one.package]
    if not manifest.parser and heard:
        manifest = _from(heard[0], manifest)
    for one in heard:
        for difference in _differences(manifest, one):
            ledger.note("parsers_disagree", f"{one.parser}: {difference}")
    return msgspec.structs.replace(manifest, evidence=manifest.evidence + ledger.evidence())


def _from(opinion: Opinion, manifest: Manifest) -> Manifest:
    components = tuple(Component("", full_name(name, opinion.package), exported=False) for name in opinion.components)
    return msgspec.structs.replace(
        manifest, package=opinion.package, permissions=tuple(explain(name) for name in opinion.permissions),
        components=components, combinations=combinations(opinion.permissions, components), parser=opinion.parser,
    )  # fmt: skip


def _differences(manifest: Manifest, opinion: Opinion) -> list[str]:
    """In what the opinion differs from the manifest."""
    found = []
    if opinion.package != manifest.package:
        found.append(f"package {opinion.package!r}")
    for what, ours, theirs in (
        ("permissions", {one.name for one in manifest.permissions if not one.since_sdk}, set(opinion.permissions) - {""}),
        ("components", {one.name for one in manifest.components} - {""},
         {full_name(name, opinion.package) for name in opinion.components} - {""}),
    ):  # fmt: skip
        if ours != theirs:
            found.append(f"{what} +{len(theirs - ours)} −{len(ours - theirs)}")
    return found
