"""Recall against load as the threshold moves: in the terminal, and as a PNG file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fraud_guard.evaluation.card import Card

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS = 18
LOAD = "alerts per 10,000 people a day"
COLOURS = ("#c0392b", "#e67e22", "#c9a400", "#2980b9")
PRIOR_STYLES = ("-", "--", ":")


def terminal_picture(card: Card, columns: int) -> str:
    """Plain text, `columns` wide; the digits are the levels <= 1 … 4."""
    import plotext  # type: ignore[import-untyped]

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(columns, ROWS)
    plotext.title(f"recall before the point of no return / {LOAD}")
    plotext.xscale("log")
    plotext.ylim(0, 1)
    plotext.plot(
        [p.alerts_per_10k_days for p in card.curve], [p.recall for p in card.curve], marker="braille"
    )
    for row in card.levels:
        if row.recall.value is not None and row.alerts_per_10k_days.value:
            plotext.scatter([row.alerts_per_10k_days.value], [row.recall.value], marker=str(row.level))
    return str(plotext.uncolorize(plotext.build()))


def draw_png(card: Card, path: Path) -> None:
    """Two panels: recall with the levels and their intervals; precision in this city and at the priors."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _recall_panel(left, card)
    _precision_panel(right, card)
    city = card.city
    figure.suptitle(
        f"{city.people:,} people × {city.days:g} days, seed {city.seed}, n = {card.counts.episodes:,} loss episodes"
    )
    figure.savefig(path, format="png", dpi=130, metadata={"Software": None})


def _recall_panel(axes: Axes, card: Card) -> None:
    points = [p for p in card.curve if p.recall is not None]
    axes.plot([p.alerts_per_10k_days for p in points], [p.recall or 0.0 for p in points], color="0.3")
    for row, colour in zip(card.levels, COLOURS, strict=True):
        x, y = row.alerts_per_10k_days, row.recall
        if x.value and y.value is not None and None not in {x.low, x.high, y.low, y.high}:
            spans = [
                [[e.value - (e.low or 0.0)], [(e.high or 0.0) - e.value]]
                for e in (x, y)
                if e.value is not None
            ]
            axes.errorbar(
                x.value,
                y.value,
                xerr=spans[0],
                yerr=spans[1],
                fmt="o",
                color=colour,
                label=f"level ≤ {row.level}",
            )
    _dress(axes, "recall before the point of no return", logarithmic=bool(points))


def _precision_panel(axes: Axes, card: Card) -> None:
    points = [p for p in card.curve if p.precision is not None]
    axes.plot(
        [p.alerts_per_10k_days for p in points],
        [p.precision or 0.0 for p in points],
        color="0.3",
        label="this city",
    )
    for i, (prior, style) in enumerate(zip(card.priors, PRIOR_STYLES, strict=True)):
        known = [
            (p.alerts_per_10k_days, value) for p in card.curve if (value := p.precision_at[i]) is not None
        ]
        axes.plot(
            [x for x, _ in known],
            [y for _, y in known],
            style,
            label=f"1 loss in {1 / prior:,.0f} person-days",
        )
    _dress(axes, "precision", logarithmic=bool(points))


def _dress(axes: Axes, what: str, *, logarithmic: bool) -> None:
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel(what)
    axes.set_xlabel(LOAD)
    axes.grid(alpha=0.3)
    if logarithmic:
        axes.set_xscale("log")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small")
