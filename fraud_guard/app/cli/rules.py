"""`fraud-guard rules …`: check rules, run their examples, explain them, measure them, try them on history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.backtest import backtest
from fraud_guard.app.cli.exits import Exit, err, errors_told, out, refuse_usage
from fraud_guard.app.cli.options import DataDir, RulesDir
from fraud_guard.app.cli.rules_shown import (
    costs_table,
    examples_table,
    features_table,
    meaning_lines,
    slowest_table,
    trace_lines,
)
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.generation import Generation
    from fraud_guard.rulebook.rule import Rule

app = typer.Typer(no_args_is_help=True)
app.command("backtest")(backtest)


@app.command()
def lint(
    rules: RulesDir = None,
    update_lock: Annotated[bool, typer.Option("--update-lock", help="Take new versions into the version lock.")] = False,
) -> None:
    """Check every rule: file, expressions, words, versions. Each finding names file, line and remedy."""
    from fraud_guard.app import apk_rules
    from fraud_guard.app.rule_lint import lint as find_faults
    from fraud_guard.app.rule_lint import publish
    from fraud_guard.shipped import shipped

    with errors_told():
        folder = rules or shipped("rules")
        if update_lock:
            for name, update in (("version lock", publish(folder)), ("version lock of the YARA rules", apk_rules.publish(folder))):
                for refused in update.refused:
                    out.print(refused, soft_wrap=True, markup=False)
                err.print(f"{name}: {len(update.added)} new, {len(update.raised)} raised, {len(update.refused)} refused")
        findings = find_faults(folder) + apk_rules.lint(folder)
    for finding in findings:
        out.print(str(finding), soft_wrap=True, markup=False)
    if findings:
        raise typer.Exit(Exit.NO)
    err.print("no findings")


@app.command()
def publish(
    folder: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Folder of rules; default: that of the settings.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Put rules, policies and behaviour model into force for all workers with FG_RULES_FROM=topic, between two blocks.

    A folder with a fault is refused and nothing is written. To go back, publish the folder of before.
    """
    from fraud_guard.app.offline import site_log
    from fraud_guard.app.rule_files import read_generation_files
    from fraud_guard.app.rule_topic import publish as put
    from fraud_guard.app.settings import read

    with errors_told():
        settings = read(data_dir=data_dir)
        files = read_generation_files(folder or settings.rules)
        with site_log(settings) as log:
            done = put(log, files)
    out.print(done.generation)
    err.print(f"{len(files)} files, {done.bytes:,} bytes in {done.parts} parts", soft_wrap=True)
    if settings.rules_from != "topic":
        err.print("workers with FG_RULES_FROM=folder do not read this; set it to topic", soft_wrap=True)


@app.command("test")
def run_all_examples(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[RULE]...", help="Only these rules.")] = None,
    rules: RulesDir = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every example, not only failures.")] = False,
) -> None:
    """Run the examples of tag rules through the real door and scorer, and scan those of the YARA rules."""
    from rich.progress import track

    from fraud_guard.app import apk_rules
    from fraud_guard.app.rule_examples import run_examples
    from fraud_guard.app.rule_files import load_generation
    from fraud_guard.shipped import shipped

    with errors_told(LookupError):
        folder = rules or shipped("rules")
        generation, _ = load_generation(folder)
        chosen = [r.rule for r in generation.book.rules if not ids or r.rule.id in ids]
        yara = apk_rules.book_of(folder)
        scanned = [one.id for one in yara.facts.values() if not ids or one.id in ids] if yara else []
        unknown = set(ids or ()) - {r.id for r in chosen} - set(scanned)
        if unknown:
            raise LookupError(f"no such rule: {', '.join(sorted(unknown))}")
        results = [x for rule in track(chosen, "examples", console=err, transient=True) for x in run_examples(generation, rule)]
        if yara and scanned:
            results += apk_rules.run_examples(folder, yara, scanned)
    shown = results if verbose else [x for x in results if not x.ok]
    if shown:
        out.print(examples_table(shown))
    failed = sum(not x.ok for x in results)
    err.print(f"{len(chosen)} rules, {len(scanned)} YARA rules, {len(results)} examples: {len(results) - failed} as expected, {failed} not")
    if failed:
        raise typer.Exit(Exit.NO)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Id of the rule.")],
    tags: Annotated[Path | None, typer.Option(help="Follow the rule through these tags (NDJSON) of --subject.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose tags.")] = None,
    subjects: Annotated[Path | None, typer.Option(help="Age, area and household of the subject (CSV).")] = None,
    rules: RulesDir = None,
) -> None:
    """Tell in words what a rule means and what it is worth; with --tags, which part was true when."""
    from fraud_guard.app.rule_examples import run_examples
    from fraud_guard.app.rule_files import load_rule_of
    from fraud_guard.app.rule_meaning import meaning_of
    from fraud_guard.shipped import shipped

    if (tags is None) != (subject is None):
        raise refuse_usage("--tags and --subject go together")
    with errors_told(LookupError):
        generation, wanted = load_rule_of(rules or shipped("rules"), rule)
        if tags is not None and subject is not None:
            _follow(wanted, generation, tags, subject, subjects)
            return
        meaning = meaning_of(wanted, generation)
        results = run_examples(generation, wanted)
    for line in meaning_lines(meaning):
        out.print(line, soft_wrap=True, markup=False)
    if meaning.features:
        out.print()
        out.print(features_table(meaning.features))
    out.print()
    out.print(examples_table(results))


@app.command()
def bench(
    tags: Annotated[int, typer.Option(min=1_000, help="Length of the stream whose events are measured.")] = 30_000,
    people: Annotated[int, typer.Option(min=1, help="People in it; the fewer, the longer their histories.")] = 2_000,
    slowest: Annotated[int, typer.Option(min=0, help="How many of the slowest rules to show.")] = 10,
    rules: RulesDir = None,
) -> None:
    """Measure what matching costs: µs for a block of 1,000 tags, by number of rules. Compare ratios, not machines."""
    from datasets.bench_mix import bench_lines
    from fraud_guard.app import rule_bench
    from fraud_guard.app.rule_files import load_generation
    from fraud_guard.shipped import shipped

    with errors_told():
        generation, _ = load_generation(rules or shipped("rules"))
        shelf = [c.rule for c in generation.book.rules]
        samples = rule_bench.samples_of(bench_lines(tags, 7, people), generation)
        costs = [rule_bench.cost_of(rule_bench.copies(shelf, size), samples) for size in (10, 100, 1_000)]
        out.print(costs_table(costs))
        if slowest:
            out.print()
            out.print(slowest_table(rule_bench.slowest(shelf, samples, slowest)))
    events = sum(len(sample.rows) for sample in samples) / max(len(samples), 1)
    err.print(f"{len(samples)} blocks, {events:.0f} of 1,000 tags seen by rules; the shelf has {len(shelf)} rules")


def _follow(rule: Rule, generation: Generation, tags: Path, subject: str, subjects: Path | None) -> None:
    from fraud_guard.app.rule_trace import follow, person_of, tags_of_subject

    try:
        with tags.open("rb") as lines:
            own = tags_of_subject(lines, subject)
        person = person_of(subjects, subject) if subjects is not None else {}
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
    if not own:
        raise LookupError(f"{tags} has no tag of {subject}")
    for line in trace_lines(follow(rule, generation, own, person)):
        out.print(line, soft_wrap=True, markup=False)
