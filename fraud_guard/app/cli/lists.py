"""`fraud-guard lists …`: the tables that the door goes by: brands, hosts, numbers, words. Show, check, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraud_guard.app.cli.exits import err, errors_told, out
from fraud_guard.app.cli.options import DataDir
from fraud_guard.errors import ConfigurationError

app = typer.Typer(no_args_is_help=True)
ListsFolder = Annotated[Path | None, typer.Argument(metavar="[FOLDER]", help="Folder of lists; default: FG_LISTS_DIR.")]


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="[LIST]", help="Print this list as it is in force.")] = None,
    data_dir: DataDir = None,
) -> None:
    """The lists in force by the settings, and where each comes from; with LIST its text, to start an own one from."""
    from fraud_guard.app.lists_in_force import texts_in_force
    from fraud_guard.app.offline import site_log
    from fraud_guard.app.settings import read
    from fraud_guard.door.lists import list_names
    from fraud_guard.door.tables import shipped_text

    with errors_told(LookupError):
        settings = read(data_dir=data_dir)
        if settings.lists_from == "topic":
            with site_log(settings) as log:
                texts = texts_in_force(settings, log)
        else:
            texts = texts_in_force(settings)
        if name is not None and name not in list_names():
            raise LookupError(f"no such list: {name}; there are {', '.join(list_names())}")
        found = {one: texts[one] if one in texts else shipped_text(one) for one in list_names()}
    if name is not None:
        out.print(found[name], end="", soft_wrap=True, markup=False, highlight=False)
        return
    origin = "topic" if settings.lists_from == "topic" else str(settings.lists_dir)
    out.print(_table(found, {one: origin if one in texts else "shipped" for one in found}))


@app.command()
def check(folder: ListsFolder = None) -> None:
    """Whether a door could go by the lists of a folder; the first fault with file, line and remedy."""
    from fraud_guard.app.lists_in_force import check_lists

    with errors_told():
        texts = _texts(folder)
        check_lists(texts)
    err.print(f"{len(texts)} lists are sound; the others are the shipped ones")


@app.command()
def publish(folder: ListsFolder = None, data_dir: DataDir = None) -> None:
    """Put the lists of a folder into force for all doors with FG_LISTS_FROM=topic, between two chunks; all others are the shipped ones.

    With a fault nothing is written. To go back, publish the folder of before.
    """
    from fraud_guard.app.lists_in_force import publish_lists
    from fraud_guard.app.offline import site_log
    from fraud_guard.app.settings import read

    with errors_told():
        settings, texts = read(data_dir=data_dir), _texts(folder)
        with site_log(settings) as log:
            done = publish_lists(log, texts)
    out.print(done.generation)
    err.print(f"{len(texts)} lists, {done.bytes:,} bytes in {done.parts} parts", soft_wrap=True)
    if settings.lists_from != "topic":
        err.print("doors with FG_LISTS_FROM=folder do not read this; set it to topic", soft_wrap=True)


def _texts(folder: Path | None) -> dict[str, str]:
    from fraud_guard.app.list_files import read_list_files
    from fraud_guard.app.settings import read

    chosen = folder or read().lists_dir
    if chosen is None:
        raise ConfigurationError("no folder of lists; name one, or set FG_LISTS_DIR (`fraud-guard lists show LIST` prints one to start from)")
    return read_list_files(chosen)


def _table(texts: dict[str, str], origins: dict[str, str]) -> Table:
    from fraud_guard.door.tables import parse_lines

    table = Table("list", "entries", "from", "says", box=None, pad_edge=False)
    for name, text in texts.items():
        entries = len(parse_lines(name, text)) - name.endswith(".csv")
        table.add_row(name, f"{entries:,}", origins[name], text.partition("\n")[0].lstrip("# "))
    return table
