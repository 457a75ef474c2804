"""Labelled pairs of APKs against the re-skin engine and simple baselines."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from apk_analysis.code.mixing import Hashes
from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.errors import ApkError
from apk_analysis.intake.archive import open_archive
from apk_analysis.reskin.compare import compare
from apk_analysis.reskin.fingerprint import Fingerprint
from apk_analysis.reskin.index import Index
from apk_analysis.reskin.relation import relation_of
from apk_analysis.worker.scanner import Scanner
from fraud_guard.app.apk_scanner import shipped_rules
from fraud_guard.errors import ConfigurationError
from fraud_guard.evaluation.intervals import Estimate, share

LABELS = {"1": "repackaged", "0": "other", "true": "repackaged", "false": "other"}
TLSH_NEAR, SSDEEP_NEAR, RESOURCES_NEAR = 100, 50, 0.5
Baseline = Callable[[Path, Path], bool]


class Pair(msgspec.Struct, frozen=True):
    """Two files, what they are to each other, and how the second was made; `label`: repackaged, other or ambiguous."""

    a: Path
    b: Path
    label: str
    transformation: str


class Row(msgspec.Struct, frozen=True):
    """Pairs of one label and transformation: how many were called repackaged, by us and by each baseline; `unread`: could not be compared."""

    label: str
    transformation: str
    called: Estimate
    ambiguous: int
    unread: int
    baselines: dict[str, Estimate]


class Measured(msgspec.Struct, frozen=True):
    """The table, all labels together, and who could not take part."""

    rows: tuple[Row, ...]
    total: tuple[Row, ...]
    absent: tuple[str, ...]


def read_pairs(path: Path) -> list[Pair]:
    """Raises ConfigurationError with file, line and remedy. Paths are relative to the file's folder."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if missing := {"a", "b", "repackaged"} - set(rows.fieldnames or ()):
                raise ConfigurationError(f"{path}:1: no column {', '.join(sorted(missing))}; begin the file with a,b,repackaged")
            return [_pair(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: {error}; give a CSV file with the columns a, b, repackaged") from error


def _pair(path: Path, line: int, row: Mapping[str, str]) -> Pair:
    if None in (row["a"], row["b"], row["repackaged"]):
        raise ConfigurationError(f"{path}:{line}: too few fields; give a, b and repackaged in every line")
    a, b = (_found(path, line, row[name]) for name in "ab")
    label = LABELS.get(row["repackaged"].strip().lower(), "ambiguous")
    return Pair(a, b, label, row.get("transformation") or row.get("kind") or "")


def _found(path: Path, line: int, name: str) -> Path:
    place = path.parent / name
    if not place.is_file():
        raise ConfigurationError(f"{path}:{line}: {name} is not there; paths are relative to the folder of the pairs")
    return place


def measure(pairs: Sequence[Pair], *, jobs: int, baselines: bool, told: Console) -> Measured:
    """Every file is dissected once; which code is a library's is learned from all of them, as an index does."""
    files = sorted({one for pair in pairs for one in (pair.a, pair.b)})
    prints = _fingerprints(files, jobs, told)
    with tempfile.TemporaryDirectory(prefix="fraud-guard-pairs-") as folder, Index(Path(folder)) as index:
        for one in track(prints.values(), "learning libraries", console=told, transient=True, disable=not sys.stderr.isatty()):
            if one is not None:
                index.add(one)
        library = index.library()
    rivals, absent = _baselines() if baselines else ({}, ())
    verdicts: defaultdict[tuple[str, str], list[tuple[str, dict[str, bool]]]] = defaultdict(list)
    for pair in track(pairs, "comparing", console=told, transient=True, disable=not sys.stderr.isatty()):
        a, b = prints[pair.a], prints[pair.b]
        ours = "unread" if a is None or b is None else _verdict(a, b, library)
        verdicts[pair.label, pair.transformation].append((ours, {name: rival(pair.a, pair.b) for name, rival in rivals.items()}))
    rows = tuple(_row(*key, found) for key, found in sorted(verdicts.items(), reverse=True))
    total = tuple(_row(label, "", [one for (of, _), found in verdicts.items() if of == label for one in found]) for label in ("repackaged", "other", "ambiguous"))
    return Measured(rows, tuple(one for one in total if one.called.n), absent)


def _verdict(a: Fingerprint, b: Fingerprint, library: Hashes) -> str:
    """Called when one is made from the other by another signer, or wears its name and icon."""
    likeness = compare(a, b, library)
    relation = relation_of(likeness, "")
    return "called" if relation == "same_code" or likeness.worn else "ambiguous" if relation == "ambiguous" else "no"


def _row(label: str, transformation: str, found: Sequence[tuple[str, dict[str, bool]]]) -> Row:
    names = found[0][1] if found else {}
    ours = [verdict for verdict, _ in found]
    return Row(
        label, transformation, share(ours.count("called"), len(found)), ours.count("ambiguous"), ours.count("unread"),
        {name: share(sum(rival[name] for _, rival in found), len(found)) for name in names},
    )  # fmt: skip


def _fingerprints(files: Sequence[Path], jobs: int, told: Console) -> dict[Path, Fingerprint | None]:
    with Scanner(ScanSettings(rules=shipped_rules())) as works, ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda path: works.scan(path)[1], files)
        shown: Iterable[Fingerprint | None] = track(found, "dissecting", total=len(files), console=told, transient=True, disable=not sys.stderr.isatty())
        return dict(zip(files, shown, strict=True))


# --- baselines: what others would do ---------------------------------------------------------


def _baselines() -> tuple[dict[str, Baseline], tuple[str, ...]]:
    """Those whose library is installed, and the names of the others."""
    found: dict[str, Baseline] = {"resources": _resources()}
    absent = []
    try:
        found["TLSH"] = _tlsh()
    except ImportError:
        absent.append("TLSH (py-tlsh)")
    try:
        found["ssdeep"] = _ssdeep()
    except ImportError:
        absent.append("ssdeep (ppdeep)")
    return found, tuple(absent)


def _resources() -> Baseline:
    contents = cache(_contents)

    def alike(a: Path, b: Path) -> bool:
        ours, theirs = contents(a), contents(b)
        return bool(ours | theirs) and len(ours & theirs) / len(ours | theirs) >= RESOURCES_NEAR

    return alike


def _contents(path: Path) -> frozenset[tuple[int, int]]:
    """Nothing, of what is no archive."""
    with suppress(ApkError):
        entries = open_archive(path.read_bytes()).entries
        return frozenset((one.crc32, one.size_bytes) for one in entries if one.name.startswith(("res/", "assets/")))
    return frozenset()


def _tlsh() -> Baseline:
    import tlsh  # noqa: PLC0415  an optional rival

    hashes = cache(lambda path: str(tlsh.hash(_code(path))))
    return lambda a, b: "TNULL" not in (hashes(a), hashes(b)) and bool(hashes(a)) and bool(hashes(b)) and tlsh.diff(hashes(a), hashes(b)) <= TLSH_NEAR


def _ssdeep() -> Baseline:
    import ppdeep  # noqa: PLC0415  an optional rival

    hashes = cache(lambda path: str(ppdeep.hash(_code(path))))
    return lambda a, b: "3::" not in (hashes(a), hashes(b)) and ppdeep.compare(hashes(a), hashes(b)) >= SSDEEP_NEAR


def _code(path: Path) -> bytes:
    """Nothing, of what cannot be read."""
    with suppress(ApkError):
        return open_archive(path.read_bytes()).read("classes.dex")
    return b""
