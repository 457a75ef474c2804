"""What the code of a sample may cost; counted while reading, never taken from what the sample says."""

from __future__ import annotations

import msgspec

MIB = 1 << 20


class CodeLimits(msgspec.Struct, frozen=True):
    """Bounds of the reading of code.

    `dex_bytes` and `dex_files` bound all DEX together, `region_bytes` the span of a file in which one of its
    tables is looked for, `methods` and `classes` those of one file, `steps` the instructions of one method.
    """

    dex_bytes: int = 128 * MIB
    dex_files: int = 100
    region_bytes: int = 24 * MIB
    methods: int = 200_000
    classes: int = 65_536
    steps: int = 16_384
    modules: int = 5_000
    nested: int = 20
    peeks: int = 20_000
