"""`fraud-guard topics …`: lay out the topics of a site in Kafka, and check how they are laid out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.exits import Exit, err, errors_told, out

if TYPE_CHECKING:
    from fraud_guard.adapters.kafka.log import KafkaLog
    from fraud_guard.app.topic_plan import TopicPlan

app = typer.Typer(no_args_is_help=True)
_FILES = "the log is a file (FG_KAFKA is not set): its topics make themselves, there is nothing to do"


@app.command()
def create() -> None:
    """Make the topics that are missing, with the right partitions, retention, compaction and replicas. Changes none that exists."""
    with errors_told(), _planned() as (plan, log):
        missing = [name for name in plan if log.facts([name])[name] is None]
        for name in missing:
            log.declare(name, plan[name].partitions)
            out.print(f"{name}: {plan[name].partitions} partitions, {plan[name].replicas} replicas")
    err.print(f"{len(missing)} made, {len(plan) - len(missing)} there already; `fraud-guard topics check` looks at those")


@app.command()
def check() -> None:
    """Name everything that is laid out otherwise than the settings ask, with its remedy; exit 1 when there is something."""
    from fraud_guard.app.topic_plan import deviations

    with errors_told(), _planned() as (plan, log):
        facts = log.facts(list(plan))
    found = [words for name, one in plan.items() for words in deviations(name, one, facts[name])]
    for words in found:
        out.print(words, soft_wrap=True, markup=False)
    err.print(f"{len(plan)} topics, {len(found)} findings")
    if found:
        raise typer.Exit(Exit.NO)


@app.command()
def repartition(
    partitions: Annotated[int, typer.Option(help="Partitions that the log shall have: a multiple of what it has, and a divisor of 512.")],
) -> None:
    """Score the log to its end, and lay it out anew with more partitions. Stop all workers first; afterwards start them with the settings shown.

    Broken off, it may be given again. Nothing is lost or told twice; tags wait in the inlets meanwhile.
    """
    from fraud_guard.adapters.clock import wall_clock_ms
    from fraud_guard.app.repartition import repartition as lay_out
    from fraud_guard.app.settings import read

    with errors_told():
        done = lay_out(read(), partitions, wall_clock_ms)
    err.print(f"{done.drained:,} records of the log were scored first", soft_wrap=True)
    out.print(f"FG_TAGS_GENERATION={done.generation.number}")
    out.print(f"FG_TAGS_PARTITIONS={done.generation.partitions}")
    err.print("start all workers with these settings; with the old ones none starts", soft_wrap=True)


@contextmanager
def _planned() -> Iterator[tuple[dict[str, TopicPlan], KafkaLog]]:
    """How the topics must be, and the log they are in; ends the command when that is a file."""
    from fraud_guard.app.settings import read
    from fraud_guard.app.stores import open_kafka
    from fraud_guard.app.topic_plan import plan_of

    settings = read()
    if settings.kafka is None:
        err.print(_FILES)
        raise typer.Exit(Exit.OK)
    with closing(open_kafka(settings)) as log:
        yield plan_of(settings), log
