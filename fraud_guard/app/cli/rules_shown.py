"""How `fraud-guard rules` shows examples, meanings, traces and costs on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from fraud_guard.app.cli.options import local_time

if TYPE_CHECKING:
    from fraud_guard.app.rule_bench import Cost
    from fraud_guard.app.rule_examples import ExampleResult
    from fraud_guard.app.rule_meaning import Levels, Meaning, Worth
    from fraud_guard.app.rule_trace import Trace
    from fraud_guard.rulebook.rule import Rule


def examples_table(results: Sequence[ExampleResult]) -> Table:
    """Examples with what was expected and what happened."""
    table = _table("", "rule", "example", "expected", "got", "level", "detail")
    for x in results:
        table.add_row("[green]ok[/]" if x.ok else "[bold red]no[/]", x.rule, x.example, x.expected, x.got,
                      str(x.level or "—"), x.detail)  # fmt: skip
    return table


def meaning_lines(meaning: Meaning) -> Iterator[str]:
    """A rule in words, in both languages, with its weight and group."""
    rule, worth = meaning.rule, meaning.worth
    yield f"{rule.id}  v{rule.version}  {rule.status}"
    for title, summary, said in ((rule.title.zh, rule.summary.zh, meaning.zh), (rule.title.en, rule.summary.en, meaning.en)):
        yield ""
        yield title
        yield f"  {summary}"
        yield from (f"  {line}" for line in said)
    yield ""
    yield f"weight     {_weights(worth)}"
    yield f"alone      {_levels(worth.alone)} without a behaviour model; {_levels(worth.beside_model)} beside one that is silent"
    if meaning.sharing:
        yield f"group      {rule.group}: only the strongest counts, of this and {', '.join(f'{i} ({w:g})' for i, w in meaning.sharing)}"
    yield f"types      {', '.join(f'{code} {share:g}' for code, share in rule.scam_types.items())}"
    yield from (f"rests on   {reference}" for reference in rule.references)
    yield from (f"may be     {alarm}" for alarm in rule.known_false_alarms)
    yield f"to do      {rule.runbook.zh} / {rule.runbook.en}"


def features_table(names: Iterable[str]) -> Table:
    """The features a rule reads, with units and meaning."""
    from fraud_guard.features.vector import FEATURES
    from fraud_guard.features.words import feature_zh

    table = _table("feature", "unit", "meaning", "含义")
    for name in names:
        table.add_row(name, FEATURES[name].unit, FEATURES[name].doc, ("距上次" if name.startswith("since_") else "") + feature_zh(name))
    return table


def trace_lines(trace: Trace) -> Iterator[str]:
    """Every look of a rule: time, event, then its parts with ✓ or ✗ and the values behind them."""
    yield from (f"refused: {words}" for words in trace.refused)
    for look in trace.looks:
        yield f"{local_time(look.ts_ms)}  {look.kind.name.lower()}  {'HIT' if look.hit else 'miss'}"
        yield from (f"    {'✓' if part.true else '✗'} {part.text}{f'   [{part.values}]' if part.values else ''}" for part in look.parts)
    hits = sum(look.hit for look in trace.looks)
    yield f"{trace.events} events seen by rules; this rule looked at {len(trace.looks)} of them, {hits} hits"
    yield from (f"{local_time(a.ts_ms)}  alert {a.change}, level {a.level}, p {a.probability:.3f}" for a in trace.alerts)


def costs_table(costs: Sequence[Cost]) -> Table:
    """µs a block by number of rules, and the ratio to the line above."""
    table = _table("rules", "conditions µs", "sequences µs", "together µs", "× the line above")
    for i, cost in enumerate(costs):
        ratio = f"{cost.total_us / costs[i - 1].total_us:.1f}" if i else "—"
        table.add_row(f"{cost.rules:,}", f"{cost.match_us:.0f}", f"{cost.sequences_us:.0f}", f"{cost.total_us:.0f}", ratio)
    return table


def slowest_table(rules: Sequence[tuple[Rule, float]]) -> Table:
    """Rules by what each costs as the only one."""
    table = _table("alone µs", "rule", "shape")
    for rule, us in rules:
        table.add_row(f"{us:.0f}", rule.id, "sequence" if rule.sequence else "timer" if rule.timer else "plain")
    return table


def _weights(worth: Worth) -> str:
    return f"{worth.weight:g}" if worth.most == worth.weight else f"{worth.weight:g}, up to {worth.most:g} with its optional steps"


def _levels(of: Levels) -> str:
    levels = ["no alert" if level is None else f"level {level}" for level in of]
    return levels[0] if levels[0] == levels[1] else f"{levels[0]}, {levels[1]} with its optional steps"


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
