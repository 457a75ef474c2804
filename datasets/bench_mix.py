"""The bench mix: the traffic that every throughput figure uses, as NDJSON in order of arrival.

30 % legs of calls (start, answer, end of one call share `call_id`), 20 % texts of which
40 % repeat a template, 50 % network tags whose hosts are drawn by Zipf ranks, 60 % of them
from household names. Subjects are uniform; 15 % of the peers are unusual. 0.1 % of all
tags belong to scam episodes, 1 % of the lines repeat an earlier line byte for byte, 2 % come
late by up to 10 min. Event time runs at `rate_per_s`. The same arguments give the same
bytes; the stream is stationary from its first line.

    python -m datasets.bench_mix --tags 1000000 --seed 7 --out mix.ndjson
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from datasets.bench_legs import LEGS_PER_CALL, CallLegs, EpisodeSteps
from datasets.bench_lines import LineWriter
from datasets.numbers import peer_pool

START_MS = 1_773_619_200_000
"""2026-03-16 08:00 in China (UTC+8)."""

CALL_SHARE, SMS_SHARE, NET_SHARE = 0.30, 0.20, 0.50
EPISODE_SHARE = 0.001
DUPLICATE_SHARE = 0.01
DUPLICATE_GAP_LINES = 20_000
BLOCK_LINES = 25_000


def write_bench_mix(
    out: Path | str | BinaryIO,
    tags: int,
    seed: int,
    subjects: int = 200_000,
    start_ms: int = START_MS,
    rate_per_s: float = 5_000.0,
    episode_share: float = EPISODE_SHARE,
) -> int:
    """Write `tags` lines to a path or a binary file; returns the bytes written."""
    written = 0
    with Path(out).open("wb") if isinstance(out, (str, Path)) else nullcontext(out) as file:
        lines = bench_lines(tags, seed, subjects, start_ms, rate_per_s, episode_share)
        while batch := list(islice(lines, BLOCK_LINES)):
            written += file.write(b"\n".join(batch) + b"\n")
    return written


def bench_lines(
    tags: int,
    seed: int,
    subjects: int = 200_000,
    start_ms: int = START_MS,
    rate_per_s: float = 5_000.0,
    episode_share: float = EPISODE_SHARE,
) -> Iterator[bytes]:
    """Yield exactly `tags` tags as JSON in UTF-8, without line ends, in order of arrival.

    `subjects` people are drawn uniformly; the first line arrives at `start_ms` (epoch ms, UTC); `episode_share` of the tags are of scams.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    blocks = _with_duplicates(rng, _blocks(rng, subjects, start_ms, rate_per_s, episode_share))
    return islice(chain.from_iterable(blocks), tags)


def _blocks(
    rng: np.random.Generator, subjects: int, start_ms: int, rate_per_s: float, episode_share: float
) -> Iterator[list[str]]:
    """Endless blocks of distinct tags in order of arrival."""
    peers = peer_pool(60_000)
    writer = LineWriter(rng, subjects, start_ms, peers)
    tags_per_ms = rate_per_s / 1_000 * (1 - DUPLICATE_SHARE)
    ordinary_per_ms = tags_per_ms * (1 - episode_share)
    calls = CallLegs(rng, ordinary_per_ms * CALL_SHARE / LEGS_PER_CALL, subjects, len(peers))
    episodes = EpisodeSteps(rng, tags_per_ms * episode_share, writer.episode_fields(), start_ms)
    step_ms = max(1, round(BLOCK_LINES / tags_per_ms))
    begin_ms = 0
    while True:
        end_ms = begin_ms + step_ms
        size = round(ordinary_per_ms * step_ms)
        parts = [
            writer.calls(calls.until(end_ms)),
            writer.texts(rng.integers(begin_ms, end_ms, round(size * SMS_SHARE))),
            writer.nets(rng.integers(begin_ms, end_ms, round(size * NET_SHARE))),
            episodes.until(end_ms),
        ]
        arrival_ms = np.concatenate([arrivals for arrivals, _ in parts])
        lines = list(chain.from_iterable(part for _, part in parts))
        yield [lines[i] for i in np.argsort(arrival_ms, kind="stable").tolist()]
        begin_ms = end_ms


def _with_duplicates(rng: np.random.Generator, blocks: Iterator[list[str]]) -> Iterator[list[bytes]]:
    """Insert copies of earlier lines, so that 1 % of all lines are repeats; encode to UTF-8."""
    earlier: list[bytes] = []
    for block in blocks:
        lines = [line.encode() for line in block]
        known = earlier + lines
        copies = round(len(lines) * DUPLICATE_SHARE / (1 - DUPLICATE_SHARE))
        places = np.sort(rng.integers(0, len(lines), copies))
        gaps = np.minimum(rng.exponential(DUPLICATE_GAP_LINES / 8, copies), DUPLICATE_GAP_LINES).astype(
            np.int64
        )
        sources = np.maximum(places + len(earlier) - gaps, 0)
        mixed: list[bytes] = []
        done = 0
        for place, source in zip((places + 1).tolist(), sources.tolist(), strict=True):
            mixed += lines[done:place]
            mixed.append(known[source])
            done = place
        yield mixed + lines[done:]
        earlier = known[-DUPLICATE_GAP_LINES:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: write the mix to a file or, with `-`, to stdout."""
    parser = argparse.ArgumentParser(prog="python -m datasets.bench_mix", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--tags", type=int, required=True, help="number of lines")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--subjects", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=5_000.0, help="tags per second of event time")
    parser.add_argument("--out", required=True, help="file to write, - for stdout")
    options = parser.parse_args(arguments)
    out: str | BinaryIO = sys.stdout.buffer if options.out == "-" else options.out
    write_bench_mix(out, options.tags, options.seed, options.subjects, rate_per_s=options.rate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
