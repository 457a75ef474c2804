"""Brands that scam apps wear, from `brands.csv` of the rules."""

from __future__ import annotations

import csv
import fnmatch
import re
from pathlib import Path

import msgspec
import numpy as np

from apk_analysis.appearance.facts import no_looks
from apk_analysis.appearance.pictures import crops, decode, looks
from apk_analysis.brands.names import normalised
from apk_analysis.code.mixing import Hashes
from apk_analysis.errors import ApkError, RuleFault

COLUMNS = ("brand", "label_patterns", "packages", "cert_sha256", "icon")
ICON_SIDE = 192
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Brand(msgspec.Struct, frozen=True):
    """A brand: names of its apps (normalised), patterns of names, packages, the certificates that are known (none = not known), and how its icons look."""

    brand: str
    names: tuple[str, ...] = ()
    packages: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    icons: Hashes = msgspec.field(default_factory=no_looks)


def read_brands(path: Path) -> tuple[Brand, ...]:
    """Several values of one field are set apart by `|`; `*` in a name stands for anything, an icon is a picture file beside the table.

    Raises RuleFault with file, line and remedy.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise RuleFault("not the columns of brands.csv", file=path.name, line=1, remedy=f"begin it with {','.join(COLUMNS)}")
            return tuple(_brand(row, rows.line_num, path) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as broken:
        raise RuleFault(str(broken), file=path.name, remedy="restore the file from the release") from broken


def _brand(row: dict[str, str], line: int, path: Path) -> Brand:
    brand, labels, packages, certificates, icons = (tuple(filter(None, (row[name] or "").split("|"))) for name in COLUMNS)
    if len(brand) != 1 or not labels or not all(map(normalised, labels)):
        raise RuleFault("a brand needs a name, and names of its apps", file=path.name, line=line, remedy="fill in `brand` and `label_patterns`")
    if wrong := [one for one in certificates if not _SHA256.fullmatch(one)]:
        raise RuleFault(f"{wrong[0]} is no SHA-256", file=path.name, line=line, remedy="write 64 lower-case hexadecimal digits")
    return Brand(
        brand[0], tuple(normalised(one) for one in labels if "*" not in one), frozenset(packages), frozenset(certificates),
        tuple(_pattern(one) for one in labels if "*" in one), _icons(icons, line, path),
    )  # fmt: skip


def _pattern(text: str) -> str:
    """A regular expression over normalised names."""
    return fnmatch.translate("*".join(normalised(part) for part in text.split("*")))


def _icons(names: tuple[str, ...], line: int, path: Path) -> Hashes:
    found: Hashes = no_looks()
    for name in names:
        try:
            picture = decode((path.parent / name).read_bytes(), ICON_SIDE).resize((ICON_SIDE, ICON_SIDE))
        except (OSError, ApkError) as broken:
            raise RuleFault(f"icon {name}: {broken}", file=path.name, line=line, remedy="put a PNG, WebP or JPEG there, or leave `icon` empty") from broken
        found = np.concatenate([found, looks(crops(picture))])
    return found
