"""`fraud-guard apk evaluate`: labelled pairs of APKs, our verdict beside simple baselines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fraud_guard.app.cli.apk_options import Jobs, apk_errors_told
from fraud_guard.app.cli.exits import err, out


def evaluate(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS.csv", help="Columns a, b, repackaged (1, 0, anything else = ambiguous), and transformation or kind.")],
    as_json: Annotated[bool, typer.Option("--json", help="The table as JSON.")] = False,
    baselines: Annotated[bool, typer.Option(help="Also TLSH, ssdeep and the share of equal resources.")] = True,
    jobs: Jobs = 1,
) -> None:
    """Judge labelled pairs: recall and false alarms by transformation, with n and 95 % intervals."""
    from msgspec.json import encode

    from fraud_guard.app.apk_pairs import measure, read_pairs
    from fraud_guard.app.cli.apk_pairs_shown import pairs_table

    with apk_errors_told():
        rows = read_pairs(pairs)
        table = measure(rows, jobs=jobs, baselines=baselines, told=err)
    if as_json:
        sys.stdout.write(encode(table).decode() + "\n")
    else:
        out.print(pairs_table(table))
