"""The report of a backtest: alerts by level, every rule's part, and what differs between two sets of rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from fraud_guard.app.backtest.labels import Judged, Labels
from fraud_guard.app.backtest.run import Outcome, RuleTally
from fraud_guard.escalation.alert import AlertChange
from fraud_guard.evaluation.intervals import Estimate, share

LEVELS = (1, 2, 3, 4)


class AlertRow(msgspec.Struct, frozen=True):
    """An alert as a whole: `level` is the gravest it reached, `subject` a token, `right` None when unknown."""

    alert_id: str
    subject: str
    raised_ms: int
    last_ms: int
    level: int
    scam_type: str
    reasons: tuple[str, ...]
    right: bool | None


class LevelRow(msgspec.Struct, frozen=True):
    """Alerts whose gravest level is `level`. `precision` of those that are judged."""

    level: int
    alerts: int
    precision: Estimate


class RuleRow(msgspec.Struct, frozen=True):
    """A rule or model: `hits` as evidence, for how many `subjects`, in how many `alerts`; `precision` of the judged ones."""

    id: str
    hits: int
    subjects: int
    alerts: int
    precision: Estimate


class Side(msgspec.Struct, frozen=True):
    """What one set of rules made of the history."""

    alerts: int
    subjects: int
    levels: tuple[LevelRow, ...]
    rules: tuple[RuleRow, ...]
    precision: Estimate
    recall: tuple[Estimate, ...]


class Changed(msgspec.Struct, frozen=True):
    """`new` and `gone` alerts by (raised_ms, alert_id); of those on both sides, how many went up, down, or came `earlier` or `later`."""

    new: tuple[AlertRow, ...]
    gone: tuple[AlertRow, ...]
    same: int
    graver: int
    milder: int
    earlier: int
    later: int


class Report(msgspec.Struct, frozen=True):
    """A backtest of one subject in `one_in`; `tags` that were read. `before` and `changed` only with rules to compare with."""

    tags: int
    repeats: int
    days: tuple[str, ...]
    one_in: int
    now: Side
    before: Side | None = None
    changed: Changed | None = None


def report(days: Iterable[str], labels: Labels, now: Outcome, before: Outcome | None = None, one_in: int = 1) -> Report:
    """Everything worth telling; the same outcomes give the same report."""
    side, alerts = _side(now, labels.judge(now.changes))
    told = Report(now.summary.lines, now.summary.duplicate, tuple(days), one_in, side)
    if before is None:
        return told
    other, others = _side(before, labels.judge(before.changes))
    return msgspec.structs.replace(told, before=other, changed=compare(alerts, others))


def alert_rows(changes: Iterable[AlertChange], right: Mapping[str, bool]) -> list[AlertRow]:
    """One row an alert, in order of (raised_ms, alert_id)."""
    of: dict[str, list[AlertChange]] = defaultdict(list)
    for change in changes:
        of[change.alert_id].append(change)
    rows = [_alert_row(mine, right) for mine in of.values()]
    return sorted(rows, key=lambda a: (a.raised_ms, a.alert_id))


def compare(now: list[AlertRow], before: list[AlertRow]) -> Changed:
    """Alerts of the same person whose times overlap are the same alert."""
    pairs = _pairs(now, before)
    seen_now, seen_before = {a.alert_id for a, _ in pairs}, {b.alert_id for _, b in pairs}
    first = {a.alert_id: (a, b) for a, b in reversed(pairs)}.values()
    return Changed(
        new=tuple(a for a in now if a.alert_id not in seen_now),
        gone=tuple(b for b in before if b.alert_id not in seen_before),
        same=len(first),
        graver=sum(a.level < b.level for a, b in first), milder=sum(a.level > b.level for a, b in first),
        earlier=sum(a.raised_ms < b.raised_ms for a, b in first), later=sum(a.raised_ms > b.raised_ms for a, b in first),
    )  # fmt: skip


def _pairs(now: list[AlertRow], before: list[AlertRow]) -> list[tuple[AlertRow, AlertRow]]:
    of: dict[str, list[AlertRow]] = defaultdict(list)
    for alert in before:
        of[alert.subject].append(alert)
    return [(a, b) for a in now for b in of.get(a.subject, ()) if a.raised_ms <= b.last_ms and b.raised_ms <= a.last_ms]


def _alert_row(mine: list[AlertChange], right: Mapping[str, bool]) -> AlertRow:
    first, said = mine[0], [c for c in mine if c.change not in ("closed", "expired")]
    return AlertRow(
        alert_id=first.alert_id, subject=first.subject, raised_ms=first.ts_ms, last_ms=mine[-1].ts_ms,
        level=min(c.level for c in mine), scam_type=said[-1].scam_type if said else first.scam_type,
        reasons=tuple(dict.fromkeys(e.id for c in mine for e in c.evidence)), right=right.get(first.alert_id),
    )  # fmt: skip


def _side(outcome: Outcome, judged: Judged) -> tuple[Side, list[AlertRow]]:
    alerts = alert_rows(outcome.changes, judged.right)
    levels = tuple(LevelRow(level, len(mine := [a for a in alerts if a.level == level]), _precision(a.right for a in mine)) for level in LEVELS)
    rules = tuple(_rule_row(name, tally, judged) for name, tally in sorted(outcome.rules.items()))
    everyone = len({a.subject for a in alerts})
    return Side(len(alerts), everyone, levels, rules, _precision(a.right for a in alerts), judged.recall), alerts


def _rule_row(name: str, tally: RuleTally, judged: Judged) -> RuleRow:
    return RuleRow(name, tally.hits, len(tally.subjects), len(tally.alerts), _precision(judged.right.get(a) for a in tally.alerts))


def _precision(right: Iterable[bool | None]) -> Estimate:
    known = [one for one in right if one is not None]
    return share(sum(known), len(known))
