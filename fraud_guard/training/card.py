"""The card of a model: what it is for, what it learned from, how good it is and whom it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fraud_guard.training.card_words import COMMAND, LIMITS, PURPOSE, SOURCES, TITLE


class Card(NamedTuple):
    """What the words of a card do not say by themselves. `options`: those that the command had beside version and seed."""

    name: str
    version: str
    seed: int
    figures: Mapping[str, Any]
    options: str = ""


def card_file(card: Card) -> bytes:
    """`card.md`: purpose, sources with citation and licence, figures, limits, the command."""
    parts = (
        f"# {TITLE[card.name]} {card.version}",
        PURPOSE[card.name],
        "## Learned from\n\n" + "\n".join(f"- {line}" for line in SOURCES[card.name]),
        "## How good it is\n\n" + _FIGURES_NOTE + "\n\n" + "\n".join(_rows(card.figures)),
        "## Limits\n\n" + "\n".join(f"- {line}" for line in LIMITS[card.name]),
        (
            f"## Made by\n\n```\n{COMMAND[card.name].format(card.version, card.seed)}{card.options}\n```\n\n"
            "The same data, seed and package versions give the same figures; rows of third parties are not in the product."
        ),
    )
    return ("\n\n".join(parts) + "\n").encode("utf-8")


_FIGURES_NOTE = (
    "Shares with their 95 % interval (Wilson) and n. All of them, with more digits: `metrics.json`."
)


def _rows(figures: Mapping[str, Any]) -> Iterator[str]:
    yield "| figure | value | 95 % interval | n |"
    yield "|---|---|---|---|"
    for path, value in _flat(figures, ()):
        name = " · ".join(path).replace("_", " ")
        if isinstance(value, Mapping):
            low, high = value["interval95"]
            shown = "–" if value["value"] is None else f"{value['value']:.4g}"
            yield f"| {name} | {shown} | {low:.3f}–{high:.3f} | {value['n']:,} |"
        else:
            yield (
                f"| {name} | {value:,.4g} | | |" if isinstance(value, float) else f"| {name} | {value} | | |"
            )


def _flat(figures: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in figures.items():
        here = (*path, str(name))
        if isinstance(value, Mapping) and "interval95" not in value:
            yield from _flat(value, here)
        elif isinstance(value, int | float | str | Mapping):
            yield here, value
