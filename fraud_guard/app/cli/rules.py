"""`fraud-guard rules …`: check rules and run their examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from fraud_guard.app.cli.exits import Exit, err, errors_told, out
from fraud_guard.app.cli.options import RulesDir

if TYPE_CHECKING:
    from fraud_guard.app.rule_examples import ExampleResult

app = typer.Typer(no_args_is_help=True)


@app.command()
def lint(
    rules: RulesDir = None,
    update_lock: Annotated[bool, typer.Option("--update-lock", help="Take new versions into the version lock.")] = False,
) -> None:
    """Check every rule: file, expressions, words, versions. Each finding names file, line and remedy."""
    from fraud_guard.app.rule_lint import lint as find_faults
    from fraud_guard.app.rule_lint import publish
    from fraud_guard.shipped import shipped

    with errors_told():
        folder = rules or shipped("rules")
        if update_lock:
            update = publish(folder)
            for refused in update.refused:
                out.print(refused, soft_wrap=True, markup=False)
            err.print(f"version lock: {len(update.added)} new, {len(update.raised)} raised, {len(update.refused)} refused")
        findings = find_faults(folder)
    for finding in findings:
        out.print(str(finding), soft_wrap=True, markup=False)
    if findings:
        raise typer.Exit(Exit.NO)
    err.print("no findings")


@app.command("test")
def run_all_examples(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[RULE]...", help="Only these rules.")] = None,
    rules: RulesDir = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every example, not only failures.")] = False,
) -> None:
    """Run the examples of rules through the real door and scorer."""
    from rich.progress import track

    from fraud_guard.app.rule_examples import run_examples
    from fraud_guard.app.rule_files import load_generation
    from fraud_guard.shipped import shipped

    with errors_told(LookupError):
        generation, _ = load_generation(rules or shipped("rules"))
        chosen = [r.rule for r in generation.book.rules if not ids or r.rule.id in ids]
        unknown = set(ids or ()) - {r.id for r in chosen}
        if unknown:
            raise LookupError(f"no such rule: {', '.join(sorted(unknown))}")
        results = [x for rule in track(chosen, "examples", console=err, transient=True) for x in run_examples(generation, rule)]
    shown = results if verbose else [x for x in results if not x.ok]
    if shown:
        out.print(_table(shown))
    failed = sum(not x.ok for x in results)
    err.print(f"{len(chosen)} rules, {len(results)} examples: {len(results) - failed} as expected, {failed} not")
    if failed:
        raise typer.Exit(Exit.NO)


def _table(results: Sequence[ExampleResult]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "rule", "example", "expected", "got", "level", "detail"):
        table.add_column(name, overflow="fold")
    for x in results:
        table.add_row("[green]ok[/]" if x.ok else "[bold red]no[/]", x.rule, x.example, x.expected, x.got,
                      str(x.level or "—"), x.detail)  # fmt: skip
    return table
