"""Brands that scam apps wear, from `brands.csv` of the rules."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import msgspec

from apk_analysis.brands.names import normalised
from apk_analysis.errors import RuleFault

_COLUMNS = ["brand", "names", "packages", "certificate_sha256"]
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Brand(msgspec.Struct, frozen=True):
    """A brand with the names of its apps (normalised), their packages, and the certificates that are known; none = not known."""

    brand: str
    names: tuple[str, ...]
    packages: frozenset[str]
    certificates: frozenset[str]


def read_brands(path: Path) -> tuple[Brand, ...]:
    """Several values of one field are set apart by `|`. Raises RuleFault with file, line and remedy."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames != _COLUMNS:
                raise RuleFault("not the columns of brands.csv", file=path.name, line=1, remedy=f"begin it with {','.join(_COLUMNS)}")
            return tuple(_brand(row, rows.line_num, path.name) for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as broken:
        raise RuleFault(str(broken), file=path.name, remedy="restore the file from the release") from broken


def _brand(row: dict[str, str], line: int, file: str) -> Brand:
    brand, names, packages, certificates = (tuple(filter(None, (row[name] or "").split("|"))) for name in _COLUMNS)
    if len(brand) != 1 or not names or not all(map(normalised, names)):
        raise RuleFault("a brand needs a name, and names of its apps", file=file, line=line, remedy="fill in `brand` and `names`")
    if wrong := [one for one in certificates if not _SHA256.fullmatch(one)]:
        raise RuleFault(f"{wrong[0]} is no SHA-256", file=file, line=line, remedy="write 64 lower-case hexadecimal digits")
    return Brand(brand[0], tuple(map(normalised, names)), frozenset(packages), frozenset(certificates))
