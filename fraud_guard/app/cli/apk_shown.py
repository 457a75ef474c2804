"""How a report, matches and families look on a terminal. What a sample says is cleaned and never taken as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from apk_analysis.report.cleaning import defanged, shown
from apk_analysis.report.facts import Report
from apk_analysis.reskin.index import Match

VERDICT_ZH = {"benign": "未见异常", "suspicious": "可疑", "malicious": "恶意"}
_COLOUR = {"benign": "green", "suspicious": "yellow", "malicious": "red"}
MOST = 8


def card(report: Report) -> RenderableType:
    """What an analyst reads first: the verdict, why, whose skin it is, whom it talks to, and what was not seen."""
    colour = _COLOUR[report.verdict]
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _rows(report):
        rows.add_row(name, value)
    title = f"[bold {colour}]{VERDICT_ZH[report.verdict]} {report.verdict}[/] · {report.risk:.0f}/100 · {_clean(report.file_name)}"
    return Panel(Group(rows), title=title, title_align="left", border_style=colour)


def _rows(report: Report) -> Iterable[tuple[str, str]]:
    manifest, signatures = report.manifest, report.signatures
    yield "应用 app", f"{_clean(manifest.label) or '—'} · {_clean(manifest.package) or '—'} · {_clean(manifest.version_name)}"
    yield "SHA-256", f"{report.sha256} · {report.size:,} B"
    signer = signatures.certificates[0].subject if signatures.certificates else ""
    yield "签名 signer", f"{'有效' if signatures.accepted else '[red]无效[/]'} · {_clean(signer) or '—'} · {', '.join(k for k, ok in signatures.schemes.items() if ok) or '—'}"
    if report.code.frameworks or report.code.packers:
        yield "构成 made with", _clean(", ".join([*report.code.frameworks, *(f"壳 {one}" for one in report.code.packers)]))
    for finding in [one for one in report.findings if abs(one.weight) >= 0.1][:MOST]:
        yield f"{finding.weight:+.1f}", f"{_clean(finding.zh)} [dim]{_clean(finding.en)}[/]"
    if report.reskin:
        yield "同源 relative", f"家族 family {_clean(report.reskin.family)} · {_clean(report.reskin.nearest_label)} · {report.reskin.nearest_sha256[:16]}…"
    hosts = [one for one in report.indicators if one.type in {"url", "domain", "ip", "wallet-btc", "wallet-eth", "wallet-tron", "phone"}]
    for one in [one for one in hosts if one.confidence >= 0.5][:MOST]:
        yield "线索 indicator", f"{one.type} {escape(defanged(one.value))} [dim]{one.confidence:.2f}[/]"
    for call in (report.deep.calls if report.deep else ())[:MOST]:
        yield "调用 calls", f"{_clean(call.call)} [dim]← {_clean(', '.join(call.callers[:2]))}{' …' if call.count > 2 else ''}[/]"
    missing = [f"{one.name}: {_clean(one.reason)}" for one in report.stages if one.status in {"failed", "partial"}]
    if missing:
        yield "[yellow]不完整 partial[/]", "; ".join(missing)


def matches(found: Sequence[Match]) -> Table:
    """Relatives of an app."""
    table = Table(box=None)
    for name in ("相似 P", "关系 relation", "家族 family", "SHA-256", "说明 why"):
        table.add_column(name, overflow="fold", no_wrap=name.startswith("相似"))
    for one in found:
        table.add_row(f"{one.likeness.probability:.2f}", one.relation, _clean(one.family), f"{one.sha256[:16]}…", f"{_clean(one.zh)} [dim]{_clean(one.en)}[/]")
    return table


def families(rows: Sequence[tuple[str, str, int]]) -> Table:
    """Families by size."""
    table = Table(box=None)
    for name in ("家族 family", "标签 label", "样本 apps"):
        table.add_column(name)
    for family, label, count in rows:
        table.add_row(_clean(family), label or "—", f"{count:,}")
    return table


def _clean(text: str) -> str:
    return escape(shown(text))
