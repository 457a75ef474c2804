"""How a backtest is shown on a terminal: levels, rules, what is new and what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from rich.table import Table

from fraud_guard.app.backtest.report import AlertRow, Changed, Report, RuleRow, Side
from fraud_guard.app.cli.evaluate_tables import inline, percent
from fraud_guard.app.cli.levels import LEVELS
from fraud_guard.app.cli.options import local_time

RIGHT = {True: "[green]true[/]", False: "[red]false[/]", None: "—"}


def report_text(report: Report) -> str:
    """The report as JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()


def report_parts(report: Report, most: int) -> Iterator[str | Table]:
    """Head, tables, and at most so many new and gone alerts."""
    days = f"{report.days[0]} … {report.days[-1]} ({len(report.days)} days)" if report.days else "no days"
    yield f"[bold]回测 backtest[/]  {days}, {report.tags:,} tags, {report.now.alerts:,} alerts for {report.now.subjects:,} people"
    if report.one_in > 1:
        yield f"[bold]a sample[/]: one person in {report.one_in:,} was scored; times {report.one_in:,} it is the city"
    yield "answers, clocks and control records take no part: an alert ends by expiry alone"
    yield ""
    yield _levels(report.now, report.before)
    if report.now.recall:
        yield ""
        yield _recall(report.now, report.before)
    yield ""
    yield _rules(report.now, report.before)
    if report.changed is not None:
        yield from _changed(report.changed, most)


def _levels(now: Side, before: Side | None) -> Table:
    table = _table("按级别 by gravest level", "level", "alerts", *(["before"] if before else []), "precision (95 %, n)", *(["before"] if before else []))
    for i, row in enumerate(now.levels):
        old = before.levels[i] if before else None
        table.add_row(LEVELS[row.level], f"{row.alerts:,}", *([f"{old.alerts:,}"] if old else []), inline(row.precision, percent),
                      *([inline(old.precision, percent)] if old else []))  # fmt: skip
    table.add_row("全部 all", f"{now.alerts:,}", *([f"{before.alerts:,}"] if before else []), inline(now.precision, percent),
                  *([inline(before.precision, percent)] if before else []))  # fmt: skip
    return table


def _recall(now: Side, before: Side | None) -> Table:
    table = _table("止损前预警率 losses seen before the point of no return", "level", "recall (95 %, n)", *(["before"] if before else []))
    for i, figure in enumerate(now.recall):
        old = [inline(before.recall[i], percent)] if before else []
        table.add_row(("≤" if i else "") + LEVELS[i + 1], inline(figure, percent), *old)
    return table


def _rules(now: Side, before: Side | None) -> Table:
    """Every rule that hit on either side, those with most alerts first."""
    table = _table("按规则 by rule", "rule", "hits", "subjects", "alerts", *(["alerts before"] if before else []), "precision (95 %, n)")
    mine, old = {r.id: r for r in now.rules}, {r.id: r for r in before.rules} if before else {}
    for name in sorted(mine.keys() | old.keys(), key=lambda name: (-_alerts(mine, name), -_alerts(old, name), name)):
        row = mine.get(name)
        figures = [f"{row.hits:,}", f"{row.subjects:,}", f"{row.alerts:,}"] if row else ["—"] * 3
        table.add_row(name, *figures, *([f"{_alerts(old, name):,}"] if before else []), inline(row.precision, percent) if row else "—")
    return table


def _alerts(rows: dict[str, RuleRow], name: str) -> int:
    return rows[name].alerts if name in rows else 0


def _changed(changed: Changed, most: int) -> Iterator[str | Table]:
    yield ""
    yield (f"[bold]new {len(changed.new):,}, gone {len(changed.gone):,}[/], on both sides {changed.same:,}: graver {changed.graver:,}, "
           f"milder {changed.milder:,}, earlier {changed.earlier:,}, later {changed.later:,}")  # fmt: skip
    for title, alerts in (("新增 new", changed.new), ("消失 gone", changed.gone)):
        if alerts and most:
            yield ""
            yield _listed(title, alerts, most)


def _listed(title: str, alerts: Sequence[AlertRow], most: int) -> Table:
    left = len(alerts) - most
    table = _table(f"{title}{f', the first {most}' if left > 0 else ''}", "raised (UTC+8)", "level", "type", "right", "reasons")
    for a in alerts[:most]:
        table.add_row(local_time(a.raised_ms), LEVELS[a.level], a.scam_type, RIGHT[a.right], ", ".join(a.reasons))
    return table


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for i, name in enumerate(names):
        table.add_column(name, overflow="fold", justify="right" if i and name not in ("type", "right", "reasons") else "left", no_wrap=not i)
    return table
