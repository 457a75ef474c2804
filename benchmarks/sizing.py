"""How large a site must be, from what a tag and a person cost: `python -m benchmarks.sizing [--lines N]… [--tags-a-day N] …`.

The costs are those of docs/performance.md and of two small runs (`Costs`), the rest are options. Prices are assumptions; give your own.
"""

from __future__ import annotations

import argparse
import math
from typing import NamedTuple

DAY_S, MONTH_H, SHARDS = 86_400, 730, 512
HEAD = ("lines", "tags/s, mean · peak", "workers (a core each)", "partitions", "memory of a worker", "Valkey", "Kafka, 24 h", "PostgreSQL a day", "history, 90 d", "a month")


class Costs(NamedTuple):
    """What was measured, and where: tags/s per core of two workers with models on Kafka (`--only river`, the slowest of three runs); bytes in a worker, and in Valkey, a person
    (`--only river`: by subjects; `--only embedded`, half as much again for Valkey's own); of the log a tag (inlet, `tags`, `peers`); of history a tag; of truth an alert, and alerts a person-day
    (`fraud-guard simulate --people 2000 --days 2 --seed 77`, `run`, FG_HISTORY_DIR)."""

    tags_per_core_s: float = 12_500
    base_bytes: float = 0.55e9
    worker_bytes_a_line: float = 990
    valkey_bytes_a_line: float = 430
    log_bytes_a_tag: float = 310
    history_bytes_a_tag: float = 50
    truth_bytes_an_alert: float = 11_000
    alerts_a_line_day: float = 0.0145


class Wishes(NamedTuple):
    """How a site is to be run. Prices in yuan: a core-hour, a GiB-hour of memory, a GiB-month of disk."""

    tags_a_day: float = 32
    peak: float = 3
    load: float = 0.5
    replicas: int = 3
    truth_days: int = 365
    core_h: float = 0.30
    memory_gib_h: float = 0.04
    disk_gib_month: float = 0.80


class Size(NamedTuple):
    """What a site needs; bytes, and yuan a month."""

    lines: int
    mean_s: float
    peak_s: float
    workers: int
    partitions: int
    worker_bytes: float
    valkey_bytes: float
    log_bytes: float
    truth_bytes_a_day: float
    history_bytes: float
    yuan: float


def size(lines: int, wishes: Wishes, costs: Costs) -> Size:
    """At least two workers, loaded to `load` at the peak, so that one can die and the others catch up."""
    tags_day = lines * wishes.tags_a_day
    mean = tags_day / DAY_S
    workers = max(2, math.ceil(mean * wishes.peak / (costs.tags_per_core_s * wishes.load)))
    partitions = min(SHARDS, 1 << math.ceil(math.log2(4 * workers)))
    worker_bytes = costs.base_bytes + costs.worker_bytes_a_line * lines / (workers - 1)     # when one is away the others hold its share
    valkey, log = 2 * costs.valkey_bytes_a_line * lines, costs.log_bytes_a_tag * tags_day * wishes.replicas
    truth, history = costs.truth_bytes_an_alert * costs.alerts_a_line_day * lines, costs.history_bytes_a_tag * tags_day * 90
    servers = 3 * 2 + 2 * 2 + 2 * 2 + workers / 2      # brokers, Valkey and PostgreSQL with a copy; half a worker's core again for them
    memory = workers * worker_bytes + valkey + 3 * 4e9 + 2 * 8e9
    yuan = MONTH_H * ((workers + servers) * wishes.core_h + memory / 2**30 * wishes.memory_gib_h)
    yuan += (log + 2 * truth * wishes.truth_days + history) / 2**30 * wishes.disk_gib_month
    return Size(lines, mean, mean * wishes.peak, workers, partitions, worker_bytes, valkey, log, truth, history, yuan)


def row(one: Size) -> str:
    """A line of the table."""
    cells = (f"{one.lines:,}", f"{one.mean_s:,.0f} · {one.peak_s:,.0f}", f"{one.workers}", f"{one.partitions}", *map(_bytes, one[5:10]), f"¥{one.yuan:,.0f}")
    return f"| {' | '.join(cells)} |"


def _bytes(value: float) -> str:
    unit, name = next((unit, name) for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if value >= unit or name == "MB")
    return f"{value / unit:,.1f} {name}"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, action="append", help="people with a line; again for another row")
    for name, usual in Wishes()._asdict().items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual)
    given = vars(options.parse_args())
    wishes = Wishes(**{name: given[name] for name in Wishes._fields})
    print("\n".join([f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *(row(size(n, wishes, Costs())) for n in given["lines"] or (2_200_000, 60_000_000, 1_400_000_000))]))


if __name__ == "__main__":
    main()
