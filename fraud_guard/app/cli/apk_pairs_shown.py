"""How judged pairs look on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from fraud_guard.app.apk_pairs import Measured, Row
from fraud_guard.evaluation.intervals import Estimate


def pairs_table(measured: Measured) -> RenderableType:
    """Called repackaged, by label and transformation; of `repackaged` that is recall, of `other` false alarms."""
    names = list(measured.rows[0].baselines) if measured.rows else []
    table = Table(box=None)
    for name in ("label", "made by", "n", "called", "95 %", "unsure", "unread", *names):
        table.add_column(name, justify="left" if name in {"label", "made by"} else "right", no_wrap=name != "made by")
    for row in measured.rows:
        table.add_row(*_cells(row, names))
    table.add_section()
    for row in measured.total:
        table.add_row(*_cells(row, names), style="bold")
    notes = ["resources: Jaccard of equal files ≥ .5; TLSH and ssdeep of classes.dex: distance ≤ 100, score ≥ 50"] if names else []
    absent = [f"not asked, not installed: {', '.join(measured.absent)}"] if measured.absent else []
    return Group(table, *notes, *absent)


def _cells(row: Row, names: list[str]) -> list[str]:
    called = row.called
    interval = f"{called.low:.3f}–{called.high:.3f}" if called.value is not None else "—"
    return [row.label, row.transformation or "all", str(called.n), _told(called), interval, str(row.ambiguous), str(row.unread), *(_told(row.baselines[name]) for name in names)]


def _told(one: Estimate) -> str:
    return "—" if one.value is None else f"{one.value:.3f}"
