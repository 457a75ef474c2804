"""The score card as tables that an officer can read: Chinese beside the codes, n and interval in every cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich.table import Table

from fraud_guard.app.cli.levels import LEVELS
from fraud_guard.app.rule_files import load_scam_types
from fraud_guard.evaluation.card import CalibrationRow, Card, EpisodeRow, Fairness
from fraud_guard.evaluation.compare import compare
from fraud_guard.evaluation.intervals import Estimate
from fraud_guard.shipped import shipped

AT_MOST = tuple(name if level == 1 else f"≤{name}" for level, name in LEVELS.items())
"""Heads of figures at this level or a graver one."""
ACTED = 2
"""Place of level <= 3 in figures by level."""
GROUPS = {"age_band": "年龄段 age band", "area": "辖区 area"}
PACES = {"all": "全部 all", "slow": "长线 slow (weeks)", "fast": "短线 fast"}
BUDGETS = {"high": "高危预算 high", "all": "全部预算 all levels", "issued": "实际发出 as issued"}
VERDICTS = {
    "pass": "[green]通过 pass[/]", "fail": "[bold red]不通过 fail[/]", "undecided": "[yellow]未定 undecided[/]",
    "too few": "样本不足 too few",
}  # fmt: skip
Show = Callable[[float], str]


def headline(card: Card) -> str:
    """City and counts in two lines."""
    city, n = card.city, card.counts
    tags = f"{city.tags:,}" if city.tags is not None else "—"
    return (
        f"[bold]评分卡 score card[/]  {city.people:,} 人 people × {city.days:g} 天 days, {tags} 标签 tags, seed {city.seed}, prior {city.prior}\n"
        f"预警 alerts {n.alerts:,} = 被骗 loss {n.true:,} + 接触 contact {n.contact:,} + 误报 false {n.false:,}; "
        f"案件 loss episodes {n.losses:,}, 中止 aborted {n.aborted:,}, 未理会 ignored {n.ignored:,}"
    )


def card_tables(card: Card) -> Iterator[Table]:
    """All tables of the card that have rows."""
    tables = (
        _levels(card), _budget(card), _paces(card), _types(card), _calibration(card), _lookalikes(card),
        *(_group(fairness) for fairness in card.fairness), _priors(card),
    )  # fmt: skip
    yield from (table for table in tables if table.row_count)


def compare_table(now: Card, before: Card) -> Table:
    """What changed; a mark where the interval leaves out 0."""
    table = _table(
        "对比 now against before", "指标 figure", "现在 now", "以前 before", "差 difference", "95 %", ""
    )
    for d in compare(now, before):
        share = d.key.startswith(("recall", "precision", "type accuracy"))
        show: Show = percent if share else _number
        low, high = d.change.low, d.change.high
        span = f"{show(low)} … {show(high)}" if low is not None and high is not None else "—"
        note = f"+{d.gained} −{d.lost} 配对 paired" if d.paired else ""
        mark = "[bold]*[/]" if d.surely else ""
        table.add_row(
            d.key, *(_value(e, show) for e in (d.now, d.before, d.change)), span, f"{mark} {note}".strip()
        )
    return table


def _levels(card: Card) -> Table:
    table = _table("按级别 by level (first line: value, n; second: 95 %)", "指标 figure", *AT_MOST, folds=True)
    rows: dict[str, tuple[Show, Iterable[Estimate]]] = {
        "止损前预警率 recall before the loss": (percent, (row.recall for row in card.levels)),
        "提前量中位 lead time, median": (_span, (row.lead_min for row in card.levels)),
        "  四分位 lower quartile": (_span, (row.lead_q1_min for row in card.levels)),
        "  四分位 upper quartile": (_span, (row.lead_q3_min for row in card.levels)),
        "准确率 precision (contact is true)": (percent, (row.precision for row in card.levels)),
        "准确率 precision (loss, aborted)": (percent, (row.precision_inside for row in card.levels)),
        "每万人每天预警 alerts per 10,000 a day": (_number, (row.alerts_per_10k_days for row in card.levels)),
        "每百万标签误报 false per 10⁶ tags": (_number, (row.false_per_1e6_tags for row in card.levels)),
        "每百万人天误报 false per 10⁶ person-days": (
            _number,
            (row.false_per_1e6_person_days for row in card.levels),
        ),
    }
    for name, (show, cells) in rows.items():
        table.add_row(name, *(_cell(cell, show) for cell in cells))
    return table


def _budget(card: Card) -> Table:
    table = _table(
        "按预算 best alerts within a budget",
        "",
        "预算 budget",
        "发出 taken",
        "最低概率 P ≥",
        "准确率 precision",
        "(loss, aborted)",
    )
    for row in card.budget:
        least = "—" if row.least_probability is None else f"{row.least_probability:.3f}"
        budget = "—" if row.budget is None else f"{row.budget:,}"
        cells = (_cell(row.precision, percent), _cell(row.precision_inside, percent))
        table.add_row(BUDGETS.get(row.what, row.what), budget, f"{row.taken:,}", least, *cells)
    return table


def _paces(card: Card) -> Table:
    heads = [f"预警率 recall {level}" for level in AT_MOST]
    table = _table("按节奏 by pace", "", *heads, "提前量 lead ≤3", "每案预警 alerts per episode")
    for row in (row for row in card.paces if row.episodes):
        recall = (_cell(figure, percent) for figure in row.recall)
        table.add_row(
            PACES.get(row.key, row.key),
            *recall,
            _cell(row.lead_min[ACTED], _span),
            _cell(row.alerts_per_episode, _number),
        )
    return table


def _types(card: Card) -> Table:
    known, typing = _type_names(), card.typing
    title = (
        f"按类型 by scam type: accuracy {inline(typing.accuracy, percent)}, macro-F1 {inline(typing.macro_f1, _number)}; "
        f"loss and aborted alone {inline(typing.accuracy_inside, percent)}, {inline(typing.macro_f1_inside, _number)}"
    )
    heads = (
        "预警率 recall ≤2",
        "预警率 recall ≤3",
        "提前量 lead ≤3",
        "F1",
        "真 true",
        "判为 said",
        "判对 right",
    )
    table = _table(title, "类型 type", *heads)
    told, seen = {row.key: row for row in typing.rows}, {row.key: row for row in card.types}
    for key in dict.fromkeys((*seen, *told)):
        t = told.get(key)
        f1 = "—" if t is None or t.f1 is None else f"{t.f1:.2f}"
        counts = ("—",) * 3 if t is None else (str(t.true), str(t.said), str(t.right))
        table.add_row(f"{known.get(key, '')}\n{key}", *_acted(seen.get(key)), f1, *counts)
    return table


def _acted(row: EpisodeRow | None) -> tuple[str, str, str]:
    """Recall at level <= 2 and <= 3, lead at <= 3."""
    if row is None:
        return ("—",) * 3
    return (
        _cell(row.recall[ACTED - 1], percent),
        _cell(row.recall[ACTED], percent),
        _cell(row.lead_min[ACTED], _span),
    )


def _calibration(card: Card) -> Table:
    found = card.calibration
    brier = "—" if found.brier is None else f"{found.brier:.3f}"
    title = f"概率校准 calibration: ECE {inline(found.ece, _number)}, loss and aborted alone {inline(found.ece_inside, _number)}, Brier {brier}"
    heads = ("n", "预期 expected", "实际 observed", "O/E", "(loss, aborted)", "O/E")
    table = _table(title, "末态 last state", *heads)
    for row in (*found.levels, *found.bins):
        if row.n:
            table.add_row(*_calibration_cells(row))
    return table


def _calibration_cells(row: CalibrationRow) -> Iterator[str]:
    yield LEVELS[int(row.key)] if row.key.isdigit() else f"P {row.key}"
    yield f"{row.n:,}"
    yield f"{row.expected:.1f}"
    yield f"{row.observed:,}"
    yield _cell(row.ratio, _number, count=False)
    yield f"{row.observed_inside:,}"
    yield _cell(row.ratio_inside, _number, count=False)


def _lookalikes(card: Card) -> Table:
    table = _table("误报来源 false alerts by look-alike", "种类 kind", "次数 spans", "触发 alerted", *AT_MOST)
    for row in card.lookalikes:
        if row.spans or any(row.false):
            name, spans = (row.key, f"{row.spans:,}") if row.key else ("无 none of them", "—")
            table.add_row(name, spans, _cell(row.alerted, percent), *(str(n) for n in row.false))
    return table


def _group(fairness: Fairness) -> Table:
    by = GROUPS.get(fairness.by, fairness.by)
    title = f"按{by}, level ≤3: 误报比 false-alarm ratio {inline(fairness.ratio, _number)} "
    title += f"(门槛 gate ≤ {fairness.gate:g}) {VERDICTS[fairness.verdict]}"
    if fairness.highest:
        title += f", {fairness.highest} / {fairness.lowest}"
    heads = ("人数 people", "预警率 recall", "每万人每天 alerts per 10,000 a day", "误报 false")
    table = _table(title, by, *heads)
    for row in fairness.rows:
        name = f"{row.key} (少 few)" if row.key in fairness.left_out else row.key
        rates = (_cell(rate, _number) for rate in (row.alerts_per_10k_days, row.false_per_10k_days))
        table.add_row(name, f"{row.people:,}", _cell(row.episodes.recall[ACTED], percent), *rates)
    return table


def _priors(card: Card) -> Table:
    table = _table(
        "换算到其他发案率 precision at other base rates (contact left out)",
        "发案率 losses a person-day",
        *AT_MOST,
    )
    for i, prior in enumerate(card.priors):
        cells = [row.precision[i] for row in card.at_priors]
        if any(cell.value is not None for cell in cells):
            table.add_row(f"1 : {1 / prior:,.0f}", *(_cell(cell, percent) for cell in cells))
    return table


def _type_names() -> dict[str, str]:
    return {code: words.zh for code, words in load_scam_types(shipped("rules")).items()}


def _table(title: str, first: str, *others: str, folds: bool = False) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(first, overflow="fold", no_wrap=not folds)
    for name in others:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _cell(figure: Estimate, show: Show, *, count: bool = True) -> str:
    """Value and n, below them the interval."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "—"
    n = f" [dim]n={figure.n:,}[/]" if count else ""
    return f"{show(figure.value)}{n}\n[dim]{show(figure.low)}–{show(figure.high)}[/]"


def inline(figure: Estimate, show: Show) -> str:
    """Value, interval and n in one line; a dash when there is nothing to tell."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "—"
    return f"{show(figure.value)} ({show(figure.low)}–{show(figure.high)}, n={figure.n:,})"


def _value(figure: Estimate, show: Show) -> str:
    return "—" if figure.value is None else show(figure.value)


def percent(value: float) -> str:
    """A share in percent, small ones with two digits that count."""
    return f"{value:.1%}" if value == 0 or abs(value) >= 0.01 else f"{100 * value:.2g}%"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _span(minutes: float) -> str:
    """Minutes as minutes, hours or days."""
    for unit, size in (("d", 1_440), ("h", 60)):
        if abs(minutes) >= 2 * size:
            return f"{minutes / size:.1f} {unit}"
    return f"{minutes:.1f} min"
