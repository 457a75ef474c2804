"""What a genuine app teaches `brands.csv`: under which package, with which certificate and which icon its brand comes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import msgspec

from apk_analysis.brands.table import COLUMNS, read_brands
from apk_analysis.errors import RuleFault

ICONS = "brand_icons"


class Genuine(msgspec.Struct, frozen=True):
    """A genuine app: its package, its label, SHA-256 of the certificates that verifiably signed it, and its icon as PNG (b"" without one)."""

    sha256: str
    package: str
    label: str
    certificates: tuple[str, ...]
    icon_png: bytes = b""


def learn(table: Path, brand: str, app: Genuine) -> None:
    """Add what is new to the row of `brand`, or a new row; the whole table is checked before it takes the place of the old one.

    Raises RuleFault, and OSError.
    """
    read_brands(table)
    rows = _rows(table)
    row = next((one for one in rows if one["brand"] == brand), None)
    if row is None:
        rows.append(row := dict.fromkeys(COLUMNS, "") | {"brand": brand, "label_patterns": app.label})
    _add(row, "packages", [app.package])
    _add(row, "cert_sha256", app.certificates)
    if app.icon_png:
        _add(row, "icon", [_keep_icon(table.parent, app)])
    _replace(table, rows)


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return [{name: row[name] or "" for name in COLUMNS} for row in csv.DictReader(file)]


def _add(row: dict[str, str], column: str, values: Iterable[str]) -> None:
    row[column] = "|".join(dict.fromkeys(filter(None, (*row[column].split("|"), *values))))


def _keep_icon(folder: Path, app: Genuine) -> str:
    name = f"{ICONS}/{app.sha256[:16]}.png"
    (folder / ICONS).mkdir(exist_ok=True)
    (folder / name).write_bytes(app.icon_png)
    return name


def _replace(table: Path, rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    fresh = table.with_suffix(".new")
    try:
        fresh.write_text(text.getvalue(), encoding="utf-8")
        read_brands(fresh)
    except RuleFault:
        fresh.unlink()
        raise
    fresh.replace(table)
