"""The commands, in the order a newcomer needs them."""

from __future__ import annotations

from typing import Annotated

import typer

from fraud_guard import __version__
from fraud_guard.app.cli import (
    alerts,
    apk,
    deadletters,
    demo,
    evaluate,
    health,
    history,
    lists,
    models,
    orders,
    outbox,
    replay,
    rules,
    score,
    simulate,
    snapshots,
    topics,
    worker,
)

app = typer.Typer(
    name="fraud-guard", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    help="Early warning for people who are being cheated: tags in, orders on the right police station's desk.",
    epilog="Exit codes: 0 ok · 1 the answer is no · 2 usage · 3 configuration · 4 a dependency is away · "
           "5 partial · 6 not permitted · 7 integrity · 130 interrupted.",
    pretty_exceptions_show_locals=False,
)  # fmt: skip

app.command("demo")(demo.demo)
app.command("replay")(replay.replay)
app.command("run")(worker.run)
app.add_typer(orders.app, name="orders", help="What stations see and answer: list, accept, close.")
app.add_typer(alerts.app, name="alerts", help="What happened to the person behind an alert: timeline.")
app.command("stats")(orders.stats)
app.command("simulate")(simulate.simulate)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(rules.app, name="rules", help="Check rules and run their examples.")
app.add_typer(lists.app, name="lists", help="Tables of the door (brands, hosts, numbers, words): show, check, publish.")
app.add_typer(models.app, name="models", help="Train, check and describe the models.")
app.add_typer(score.app, name="score", help="Score messages or hosts: stdin to stdout, one a line.")
app.add_typer(deadletters.app, name="deadletters", help="Refused records: list, show, replay.")
app.add_typer(outbox.app, name="outbox", help="Messages that were set aside: list, requeue.")
app.add_typer(snapshots.app, name="snapshots", help="Snapshots of the memory: list.")
app.add_typer(history.app, name="history", help="Tags kept as Parquet by day: write, stats, show, tidy, erase.")
app.add_typer(topics.app, name="topics", help="Topics in Kafka: create, check, repartition.")
app.add_typer(apk.app, name="apk", help="APK files: scan, watch, submit, work, report, similar, index, families, evaluate.")
app.command("doctor")(health.doctor)
app.add_typer(health.config, name="config", help="Settings: check and show.")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"fraud-guard {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass
