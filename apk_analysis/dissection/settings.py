"""What a scan may cost, and what it works with."""

from __future__ import annotations

from pathlib import Path

import msgspec

SANDBOX_LEVELS = ("none", "rlimits", "seccomp", "bubblewrap")
"""From nothing to all: each holds what those before it hold."""


class StageLimits(msgspec.Struct, frozen=True):
    """Seconds that each stage may take before it is broken off; what came before stands."""

    intake: float = 10.0
    manifest: float = 10.0
    certificate: float = 15.0
    code: float = 30.0
    indicators: float = 20.0
    appearance: float = 15.0
    yara: float = 40.0
    analysis: float = 90.0


class ScanSettings(msgspec.Struct, frozen=True):
    """How samples are dissected. `rules`: the folder with `*.yar` and `judge.yaml`; `least_sandbox`: refuse to work below it.

    `wall_s`, `cpu_s` and `memory_bytes` bound a whole sample; a worker process is renewed after `recycle` samples. `deep`: the slow analysis, too.
    """

    rules: Path
    stages: StageLimits = StageLimits()
    wall_s: float = 120.0
    cpu_s: int = 90
    memory_bytes: int = 2 << 30
    result_bytes: int = 32 << 20
    least_sandbox: str = "rlimits"
    recycle: int = 200
    deep: bool = False

    @classmethod
    def for_deep(cls, rules: Path, least_sandbox: str) -> ScanSettings:
        """Limits of the slow analysis."""
        return cls(rules, wall_s=180.0, cpu_s=120, memory_bytes=4 << 30, least_sandbox=least_sandbox, recycle=20, deep=True)
