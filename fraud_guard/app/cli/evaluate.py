"""`fraud-guard evaluate`: alerts against the truth of a labelled city, as a score card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

import typer

from fraud_guard.app.cli.exits import err, errors_told, out
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.evaluation.card import Card

T = TypeVar("T")


def evaluate(
    alerts: Annotated[Path, typer.Option(help="Alert changes, as `replay --alerts` writes them.")],
    truth: Annotated[Path, typer.Option(help="What really happened: truth.ndjson of the city.")],
    subjects: Annotated[
        Path | None, typer.Option(help="Who is protected (CSV): figures by age band and area.")
    ] = None,
    json: Annotated[
        str | None, typer.Option(help="Write the whole card here; - prints it instead of the tables.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw recall against alerts a day into this PNG file.")
    ] = None,
    compare: Annotated[Path | None, typer.Option(help="An earlier card (JSON): show what changed.")] = None,
) -> None:
    """Score a run: how many were warned in time, at what load, and for whom it works less well."""
    from fraud_guard.evaluation.compare import read_card

    with errors_told():
        earlier = _read(compare, lambda file: read_card(file.read(), str(compare))) if compare else None
        card = make_card(alerts, truth, subjects)
        if json == "-":
            out.file.write(card_json(card))
        elif json:
            _write(Path(json), lambda path: path.write_text(card_json(card), encoding="utf-8"))
        if picture:
            from fraud_guard.app.cli.evaluate_pictures import draw_png

            _write(picture, lambda path: draw_png(card, path))
        if json != "-":
            _show(card, earlier)


def make_card(alerts: Path, truth: Path, subjects: Path | None) -> Card:
    """Read the files and score them. Raises ConfigurationError."""
    from fraud_guard.adapters.reference_tables import read_groups
    from fraud_guard.door.numbers import normalise
    from fraud_guard.evaluation.alerts import read_alerts
    from fraud_guard.evaluation.score import score
    from fraud_guard.evaluation.truth import read_truth

    happened = _read(truth, lambda file: read_truth(file, str(truth), normalise))
    raised = _read(alerts, lambda file: read_alerts(file, str(alerts)))
    return score(happened, raised, read_groups(subjects) if subjects else None)


def card_json(card: Card) -> str:
    """The card as indented JSON."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(card), indent=1).decode() + "\n"


def _show(card: Card, earlier: Card | None) -> None:
    from fraud_guard.app.cli.evaluate_pictures import terminal_picture
    from fraud_guard.app.cli.evaluate_tables import card_tables, compare_table, headline

    out.print(headline(card), soft_wrap=True)
    for table in card_tables(card):
        out.print()
        out.print(table)
    if card.counts.episodes and card.curve:
        out.print()
        out.print(terminal_picture(card, min(out.width, 100)), markup=False, no_wrap=True)
    if earlier:
        if earlier.truth != card.truth:
            err.print("the two cards judge different cities: no figure is paired")
        out.print()
        out.print(compare_table(card, earlier))


def _read(path: Path, read: Callable[[BinaryIO], T]) -> T:
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror} — give the path of a readable file") from None


def _write(path: Path, write: Callable[[Path], object]) -> None:
    try:
        write(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror} — name a file in a folder that can be written"
        ) from None
