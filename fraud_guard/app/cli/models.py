"""`fraud-guard models …`: train, check and describe the models that ship."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from fraud_guard.app.cli.exits import Exit, err, errors_told, out, refuse_usage
from fraud_guard.app.cli.score import ModelsDir, Version

if TYPE_CHECKING:
    from fraud_guard.learned.artefact import Artefact

app = typer.Typer(no_args_is_help=True)

Trained = Literal["text", "hosts", "behaviour"]


@app.command()
def train(
    name: Annotated[Trained, typer.Argument(help="Which model.")],
    data: Annotated[
        Path,
        typer.Option(
            help="Folder of training data: text/ and hosts/ in it; for behaviour, simulated cities."
        ),
    ],
    version: Annotated[
        str, typer.Option(help="Version of the artefact, such as 1.0; one that exists is refused.")
    ],
    seed: Annotated[int, typer.Option(help="Seed: the same data and seed give the same model.")] = 7,
    models: ModelsDir = None,
    generations: Annotated[
        str, typer.Option(help="text: generations of own wording to learn from, e.g. 1,2.")
    ] = "1,2,3",
    door_text: Annotated[
        str,
        typer.Option(
            help="behaviour: version of the text model at the door of the cities; the one that decides if empty."
        ),
    ] = "",
) -> None:
    """Train a model and write its artefact: weights, figures, card, sums. It takes some minutes.

    The new version does not decide until `active.json` names it.
    """
    from fraud_guard.shipped import shipped
    from fraud_guard.training.packaging import write_artefact

    chosen = {int(part) for part in generations.split(",") if part.strip() in {"1", "2", "3"}}
    if not chosen:
        raise refuse_usage("--generations: some of 1,2,3")
    with errors_told():
        folder = models or shipped("models")
        if (folder / name / version).exists():
            raise refuse_usage(f"{folder / name / version} exists; a version never changes: name another one")
        artefact = _train(name, data, version, seed, chosen, door_text)
        err.print(f"written to {write_artefact(folder, artefact)}", soft_wrap=True, markup=False)


def _train(
    name: Trained, data: Path, version: str, seed: int, generations: set[int], door_text: str
) -> Artefact:
    from fraud_guard.training.data_folder import DataFolder

    def tell(words: str) -> None:
        err.print(words, soft_wrap=True, markup=False)

    if name == "text":
        from fraud_guard.training.text import train_text

        return train_text(DataFolder(data), version, seed, generations, tell)
    if name == "behaviour":
        from fraud_guard.app.behaviour_training import train_on_cities

        return train_on_cities(data, version, seed, door_text, tell)
    from fraud_guard.training.hosts import train_hosts

    return train_hosts(DataFolder(data), version, seed, tell)


@app.command()
def card(
    name: Annotated[str, typer.Argument(help="Model: text, hosts, behaviour.")],
    version: Version = "",
    models: ModelsDir = None,
) -> None:
    """Show the card of a model: purpose, sources and licences, figures, limits."""
    from fraud_guard.learned.active import load_artefact

    with errors_told():
        sys.stdout.write(load_artefact(name, version, models).text("card.md"))


@app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these models.")] = None,
    models: ModelsDir = None,
) -> None:
    """Check every artefact: sums, sizes, types, shapes and ranges, by the code that will use it."""
    from fraud_guard.errors import FraudGuardError
    from fraud_guard.learned.active import active_version, check_artefact, versions
    from fraud_guard.shipped import shipped

    table, wrong = Table("", "model", "version", "decides", "detail", box=None, pad_edge=False), 0
    with errors_told():
        folder = models or shipped("models")
        found = [(name, version) for name, version in versions(folder) if not names or name in names]
        for name, version in found:
            try:
                detail = check_artefact(folder / name / version).digest[:16]
            except FraudGuardError as error:
                wrong, detail = wrong + 1, str(error)
            ok = "[green]ok[/]" if len(detail) == 16 else "[bold red]no[/]"
            table.add_row(ok, name, version, "yes" if active_version(name, folder) == version else "", detail)
    out.print(table)
    err.print(f"{len(found)} artefacts: {len(found) - wrong} sound, {wrong} not")
    if wrong:
        raise typer.Exit(Exit.INTEGRITY)
