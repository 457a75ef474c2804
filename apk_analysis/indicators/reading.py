"""From an archive to its indicators, the surest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import msgspec.yaml

from apk_analysis.evidence import Ledger
from apk_analysis.indicators.facts import Indicator, Indicators
from apk_analysis.indicators.hidden import from_base64, from_xor
from apk_analysis.indicators.hit import Hit
from apk_analysis.indicators.search import VENDOR, search
from apk_analysis.indicators.sources import Source, SourceLimits, sources
from apk_analysis.indicators.wording import NOTES
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.facts import Manifest

HIDDEN = 0.95       # whoever hides an address means it
PLACES = 3
LONGEST_KEY = 200


class _Found(msgspec.Struct):
    confidence: float
    where: list[str]


def find_indicators(
    archive: Archive, manifest: Manifest, code_strings: Sequence[bytes] = (), limits: SourceLimits | None = None
) -> Indicators:
    """All indicators; `code_strings` as in `Code.strings`. What cannot be read is passed over. Raises nothing."""
    limits, ledger = limits or SourceLimits(), Ledger(NOTES)
    found: dict[tuple[str, str], _Found] = {}
    for key in _app_keys(manifest):
        _keep(found, key, 0.9, "AndroidManifest.xml", limits, ledger)
    for source in sources(archive, code_strings, limits, ledger):
        for hit, confidence, where in _hits(source, ledger):
            if hit.type == "ip" and hit.value == manifest.version_name:
                continue        # a version of four numbers
            _keep(found, hit, confidence, where, limits, ledger)
    listed = [
        Indicator(kind, value, round(one.confidence, 2), tuple(one.where)) for (kind, value), one in found.items()
    ]
    listed.sort(key=lambda one: (-one.confidence, one.type, one.value))
    return Indicators(tuple(listed), ledger.evidence(), ("indicators",) if "limit_reached" in ledger else ())


def _hits(source: Source, ledger: Ledger) -> Iterator[tuple[Hit, float, str]]:
    """Hits with confidence and place."""
    for hit in search(source.data, is_text=source.is_text):
        yield hit, source.trust * hit.factor, source.name
    if source.is_text:
        for hit in from_base64(source.data):
            ledger.note("hidden_base64", source.name)
            yield hit, _hidden(hit), f"{source.name} (base64)"
    for hit in from_xor(source.data):
        ledger.note("hidden_xor", source.name)
        yield hit, _hidden(hit), f"{source.name} (XOR)"


def _hidden(hit: Hit) -> float:
    return hit.factor if hit.factor <= VENDOR else HIDDEN


def _keep(
    found: dict[tuple[str, str], _Found], hit: Hit, confidence: float, where: str, limits: SourceLimits, ledger: Ledger
) -> None:
    key = (hit.type, hit.value)
    if key not in found:
        if len(found) >= limits.found:
            ledger.note("limit_reached", "indicators")
            return
        found[key] = _Found(confidence, [where])
        return
    one = found[key]
    one.confidence = max(one.confidence, confidence)
    if where not in one.where and len(one.where) < PLACES:
        one.where.append(where)


@cache
def _key_names() -> Any:
    return msgspec.yaml.decode(files("apk_analysis.indicators").joinpath("app_keys.yaml").read_bytes())


def _app_keys(manifest: Manifest) -> Iterator[Hit]:
    """Keys of SDKs in the manifest."""
    for name, value in manifest.meta_data.items():
        vendor = _key_names().get(name)
        if vendor and 4 <= len(value) <= LONGEST_KEY:
            yield Hit("app-key", f"{vendor}:{value}")
