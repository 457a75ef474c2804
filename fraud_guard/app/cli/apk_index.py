"""`fraud-guard apk index …`, `apk similar` and `apk families`: whose new skin an app is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.apk_options import Files, IndexDir, apk_errors_told, open_index, scanner
from fraud_guard.app.cli.exits import Exit, err, out, refuse_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apk_analysis.reskin.fingerprint import Fingerprint
    from apk_analysis.reskin.index import Index, Match

index_app = typer.Typer(no_args_is_help=True)
families_app = typer.Typer(invoke_without_command=True)
LABELS = ("good", "scam")


@index_app.command("add")
def add(
    files: Files,
    family: Annotated[str, typer.Option(help="Name of the family; without one each app joins that of its nearest relative.")] = "",
    label: Annotated[str, typer.Option(help="What the apps are: good or scam.")] = "",
    index: IndexDir = None,
) -> None:
    """Add apps to the index. What was added survives a kill."""
    if label and label not in LABELS:
        raise refuse_usage(f"--label {label}: choose good or scam")
    unread = 0
    with apk_errors_told():
        works = open_index(index, make=True)
        assert works is not None  # noqa: S101  it was made
        with works:
            for path, fingerprint in _fingerprints(files):
                if fingerprint is None:
                    unread += 1
                    err.print(f"[yellow]{path}: nothing to compare by, not added[/]", soft_wrap=True)
                else:
                    out.print(f"{fingerprint.sha256} {works.add(fingerprint, family, label)}", soft_wrap=True, markup=False)
            if len(works) > COMPACT_FROM:
                works.compact()
    if unread:
        raise typer.Exit(Exit.PARTIAL)


COMPACT_FROM = 2_000
"""Smaller indexes are read faster than a segment is written."""


@index_app.command("query")
def query(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    top: Annotated[int, typer.Option(min=1, help="So many relatives at most.")] = 5,
    index: IndexDir = None,
) -> None:
    """Look for relatives of apps: the likest first, with what is the same and what differs."""
    from fraud_guard.app.cli.apk_shown import matches

    with apk_errors_told(), _existing(index) as works:
        for path, fingerprint in _fingerprints(files):
            found = works.query(fingerprint, top) if fingerprint else ()
            if as_json:
                _print_json(path, fingerprint, found)
            elif found:
                out.print(f"[bold]{path.name}[/]")
                out.print(matches(found))
            else:
                out.print(f"{path.name}: 未见同源 no relative in the index", markup=False)


@index_app.command("delete")
def delete(sha256s: Annotated[list[str], typer.Argument(metavar="SHA256…")], index: IndexDir = None) -> None:
    """Forget apps."""
    with apk_errors_told(), _existing(index) as works:
        gone = sum(works.delete(one.lower()) for one in sha256s)
    err.print(f"{gone} of {len(sha256s)} deleted")
    if gone < len(sha256s):
        raise typer.Exit(Exit.NO)


@index_app.command("merge")
def merge(other: Annotated[Path, typer.Argument(metavar="DIR", help="Another index.")], index: IndexDir = None) -> None:
    """Take over the apps of another index."""
    with apk_errors_told(), _existing(index) as works, _existing(other) as more:
        err.print(f"{works.merge(more)} apps taken over")
        works.compact()


@index_app.command("compact")
def compact(index: IndexDir = None) -> None:
    """Write all postings anew, without deleted apps, and learn anew which code is a library's."""
    with apk_errors_told(), _existing(index) as works:
        works.compact()
        err.print(f"{len(works):,} apps, {len(works.library()):,} things that too many makers have in common")


@families_app.callback()
def families(context: typer.Context, index: IndexDir = None, top: Annotated[int, typer.Option(min=1)] = 50) -> None:
    """Families by size; `split` and `join` correct them."""
    from fraud_guard.app.cli.apk_shown import families as families_table

    if context.invoked_subcommand is None:
        with apk_errors_told(), _existing(index) as works:
            out.print(families_table(works.families()[:top]))


@families_app.command("split")
def split(
    sha256s: Annotated[list[str], typer.Argument(metavar="SHA256…")], into: Annotated[str, typer.Option(help="Name of the new family.")], index: IndexDir = None
) -> None:
    """Take apps out of their family into another; no machine undoes it."""
    with apk_errors_told(), _existing(index) as works:
        err.print(f"{works.split([one.lower() for one in sha256s], into)} apps moved")


@families_app.command("join")
def join(family: str, into: Annotated[str, typer.Option(help="The family that stays.")], index: IndexDir = None) -> None:
    """Say that two families are one."""
    with apk_errors_told(), _existing(index) as works:
        err.print(f"{works.join(family, into)} apps moved")


def similar(a: Path, b: Path, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Compare two apps, without an index: libraries are known by name alone."""
    from msgspec.json import encode

    from apk_analysis.code.facts import no_hashes
    from apk_analysis.reskin.compare import compare
    from apk_analysis.reskin.relation import differences, in_words, relation_of

    with apk_errors_told():
        (_, ours), (_, theirs) = _fingerprints([a, b])
    if ours is None or theirs is None:
        raise refuse_usage(f"{a if ours is None else b}: nothing to compare by")
    likeness = compare(ours, theirs, no_hashes())
    relation = relation_of(likeness, "")
    differs, same = differences(ours, theirs, likeness)
    zh, en = in_words(ours, likeness, relation, differs)
    if as_json:
        told = {"a": ours.sha256, "b": theirs.sha256, "relation": relation, "likeness": likeness, "differs": differs, "same": same, "zh": zh, "en": en}
        sys.stdout.write(encode(told).decode() + "\n")
    else:
        out.print(f"{likeness.probability:.2f}  {zh}\n      {en}", soft_wrap=True, markup=False)


def _existing(folder: Path | None) -> Index:
    """The index. Raises LookupError where there is none."""
    found = open_index(folder, make=False)
    if found is None:
        raise LookupError("there is no index yet; begin one with `fraud-guard apk index add FILE --family NAME --label scam`")
    return found


def _fingerprints(files: list[Path]) -> Iterator[tuple[Path, Fingerprint | None]]:
    from rich.progress import track

    with scanner(None) as works:
        for path in track(files, "dissecting", console=err, transient=True, disable=len(files) < 2 or not sys.stderr.isatty()):
            yield path, works.scan(path)[1]


def _print_json(path: Path, fingerprint: Fingerprint | None, found: tuple[Match, ...]) -> None:
    from msgspec.json import encode

    told = [
        {"sha256": m.sha256, "family": m.family, "label": m.label, "relation": m.relation, "probability": round(m.likeness.probability, 4),
         "containment": round(max(m.likeness.methods.contained, m.likeness.grams.contained), 4), "likeness": m.likeness, "differs": m.differs,
         "same": m.same, "zh": m.zh, "en": m.en}
        for m in found
    ]  # fmt: skip
    sys.stdout.write(encode({"file": path.name, "sha256": fingerprint.sha256 if fingerprint else "", "matches": told}).decode() + "\n")
