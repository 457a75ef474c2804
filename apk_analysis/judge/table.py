"""The judge's numbers, from `judge.yaml` of the rules."""

from __future__ import annotations

from pathlib import Path

import msgspec

from apk_analysis.errors import RuleFault


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights in log-odds and thresholds of the probability; see the comments in the file.

    `unclear`: codes of evidence that something could not be read; `deceit`: the weight of evasion from which on nothing is benign.
    """

    version: int
    prior: float
    malicious: float
    suspicious: float
    most: dict[str, float]
    second: float
    reskin: float
    repackaged: float
    same_code: float
    impersonation: float
    packer: float
    unsigned: float
    deceit: float
    unclear: tuple[str, ...]
    unreadable: float
    trusted: float
    abilities: dict[str, float]
    evidence: dict[str, float]


def read_table(path: Path) -> Table:
    """Raises RuleFault, which names file and remedy."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Table)
    except (OSError, msgspec.MsgspecError) as broken:
        raise RuleFault(str(broken), file=path.name, remedy="restore the file from the release, or mend what it names") from broken
