"""The usual parsers as witnesses inside the sandbox: there each may fail, hang or swell as it likes.

apk-info is left out: it takes files alone, and a confined process writes none (`manifest/opinions.py` asks it outside).
"""

from __future__ import annotations

import importlib.util
import struct

from apk_analysis.errors import ApkError
from apk_analysis.evidence import Evidence
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.facts import Manifest
from apk_analysis.manifest.opinions import Opinion, read_opinion, weigh
from apk_analysis.manifest.reading import MANIFEST
from apk_analysis.manifest.witness import WITNESSES

FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError, struct.error)
"""With what parsers in Python fail on hostile bytes; XML's ParseError is a SyntaxError."""
ASKED = ("androguard", "apkInspector")


def is_there(module: str) -> bool:
    """Whether an optional library is installed."""
    return importlib.util.find_spec(module) is not None


def hear(parser: str, archive: Archive, manifest: Manifest) -> tuple[Manifest, tuple[Evidence, ...]]:
    """The manifest after this parser has been heard, and what that brought to light."""
    try:
        axml = archive.read(MANIFEST)
    except ApkError:
        return manifest, ()
    weighed = weigh(manifest, [_asked(parser, axml)])
    return weighed, weighed.evidence[len(manifest.evidence) :]


def _asked(parser: str, axml: bytes) -> Opinion:
    try:
        return read_opinion(parser, WITNESSES[parser](axml))
    except FAILURES as failure:
        return Opinion(parser, problem=f"{type(failure).__name__}: {failure}"[:200])
