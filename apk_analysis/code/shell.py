"""Tells whether the DEX is a packer's shell: then the app itself is elsewhere, encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from apk_analysis.code.facts import Code
from apk_analysis.manifest.facts import Manifest

LARGEST_SHELL_METHODS = 3_000
FEWEST_COMPONENTS = 3
_KINDS = {"activity", "service", "receiver", "provider"}


def missing_components(manifest: Manifest, classes: Sequence[list[str]]) -> list[str]:
    """Components of the manifest that no DEX defines."""
    defined = {name for each in classes for name in each}
    wanted = dict.fromkeys(one.name for one in manifest.components if one.kind in _KINDS and one.name)
    return [name for name in wanted if f"L{name.replace('.', '/')};" not in defined]


def is_shell_only(code: Code, manifest: Manifest, missing: int) -> bool:
    """Whether what can be read is a shell: a known packer's, or one that has next to none of the components."""
    wanted = len({one.name for one in manifest.components if one.kind in _KINDS})
    share = missing / wanted if wanted else 0.0
    if code.packers:
        return share >= 0.3 or code.methods < LARGEST_SHELL_METHODS
    return wanted >= FEWEST_COMPONENTS and share >= 0.8 and code.methods < LARGEST_SHELL_METHODS
