"""`fraud-guard alerts …`: what happened to the person behind an alert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.exits import err, errors_told, out, refuse_usage
from fraud_guard.app.cli.options import DataDir, local_time
from fraud_guard.app.cli.orders import ID_LENGTH, LEVEL, MOST

if TYPE_CHECKING:
    from fraud_guard.adapters.sql.truth import SqlTruth
    from fraud_guard.app.history.timeline import Timeline
    from fraud_guard.app.settings import Settings
    from fraud_guard.escalation.alert import Alert, AlertChange

app = typer.Typer(no_args_is_help=True, callback=lambda: None)
MOST_REASONS = 3
"""Reasons beneath a tag; `--json` has all."""
STATE = {"open": "预警中", "closed": "已办结", "expired": "已到期"}
CHANGE = {"raised": "发出预警", "escalated": "升级", "evidence": "新证据", "lowered": "人工降级", "closed": "办结", "expired": "到期结束"}
CAUSE = {"clock": "（超时未处置）", "person": "（人工）"}


@app.command("timeline")
def show_timeline(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT", help="Alert id, or its first characters.")],
    officer: Annotated[str, typer.Option(help="Who looks.")],
    why: Annotated[str, typer.Option(help="Why; it is noted in the audit.")],
    hours: Annotated[int, typer.Option(min=1, max=2_160, help="Hours before the alert.")] = 24,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data_dir: DataDir = None,
) -> None:
    """时间线: what the person went through, evidence marked ★. Times are UTC+8; the look is logged."""
    from fraud_guard.app.offline import existing_site, open_truth

    if not officer.strip() or not why.strip():
        raise refuse_usage("--officer and --why must say something")
    with errors_told(LookupError):
        settings = existing_site(data_dir)
        with closing(open_truth(settings)) as truth:
            alert = _alert(truth, alert_id)
            truth.audit(officer, "alert.timeline", alert.alert_id, why, wall_clock_ms())
            told = _timeline(settings, alert, list(truth.changes(alert.alert_id)), hours)
    if json:
        typer.echo(_as_json(told))
        return
    for line in timeline_lines(told):
        out.print(line, soft_wrap=True)
    if told.missing:
        err.print(f"{len(told.missing)} 条证据的标签已不在保存期内 tags of evidence are not kept any more")


def timeline_lines(told: Timeline) -> Iterator[str]:
    """The alert, then tags and changes in order of time; evidence has a star and its reasons."""
    from rich.markup import escape

    from fraud_guard.app.rule_files import load_scam_types
    from fraud_guard.shipped import shipped

    alert, names = told.alert, load_scam_types(shipped("rules"))
    yield f"{LEVEL[alert.level]} [bold]{STATE[alert.state]}[/]  可能类型 {names[alert.scam_type].zh if alert.scam_type in names else alert.scam_type}  概率 {alert.probability:.0%}"
    yield f"   [dim]{alert.alert_id}[/]"
    entries = [(m.ts_ms, 0, f"{'[bold]★[/]' if m.reasons else ' '} {escape(m.words)}", m.reasons) for m in told.moments]
    entries += [(c.ts_ms, 1, _change(c), ()) for c in told.changes]
    day = ""
    for ts_ms, _, words, reasons in sorted(entries, key=lambda one: one[:2]):
        date, time = local_time(ts_ms).split(" ")
        if date != day:
            yield f"[bold]{date}[/]"
            day = date
        yield f"  {time} {words}"
        yield from (f"             · {escape(reason)}" for reason in reasons[:MOST_REASONS])
        if len(reasons) > MOST_REASONS:
            yield f"             [dim]另有 {len(reasons) - MOST_REASONS} 条[/]"


def _change(change: AlertChange) -> str:
    return f"[bold]▶ {CHANGE[change.change]}{CAUSE.get(change.cause or '', '')}[/] {LEVEL[change.level]}"


def _alert(truth: SqlTruth, start: str) -> Alert:
    """The alert whose id begins so. Raises LookupError."""
    found = [a for a in truth.alerts(limit=MOST) if a.alert_id.startswith(start.lower())]
    if len(found) != 1:
        known = "" if len(start) >= ID_LENGTH else "; give more of the id, `fraud-guard orders list --json` shows them"
        raise LookupError(f"{len(found) or 'no'} alerts begin with {start!r}{known}")
    return found[0]


def _timeline(settings: Settings, alert: Alert, changes: list[AlertChange], hours: int) -> Timeline:
    from fraud_guard.adapters.history.folder import HistoryFolder
    from fraud_guard.adapters.sealing import Keys, Sealer
    from fraud_guard.app.history.timeline import TagStore, timeline
    from fraud_guard.app.settings import site_key
    from fraud_guard.app.stores import open_log
    from fraud_guard.app.topics import LOG

    log, close = open_log(settings, Sealer(Keys.from_site_key(site_key(settings)).log))
    try:
        log.declare(LOG, settings.tags_partitions)
        folder = HistoryFolder(settings.history_dir) if settings.history_dir else None
        return timeline(alert, changes, TagStore(log, settings.tags_partitions, folder), hours)
    finally:
        close()


def _as_json(told: Timeline) -> str:
    import msgspec

    plain = msgspec.to_builtins(told, enc_hook=lambda model: model.model_dump(mode="json"))
    return msgspec.json.encode(plain).decode()
