"""Examples of YARA rules: for each a file that it hits and a near one that it misses, built in code from what stands beside the rules.

`<file>.examples.yaml` tells of each rule what its `hit` and its `miss` hold: `strings` (text), `hex` (raw bytes, at the
start), `member` (its name) and `features` (externals). Around that a small archive is built, and scanned like any other.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from apk_analysis.errors import RuleFault
from apk_analysis.intake.archive import open_archive
from apk_analysis.yara_scan.book import RuleBook
from apk_analysis.yara_scan.externals import EXTERNALS
from apk_analysis.yara_scan.facts import Value
from apk_analysis.yara_scan.scan import scan_members

SUFFIX = ".examples.yaml"
_MEMBERS = MappingProxyType({
    "dex": "classes.dex", "words": "classes.dex", "manifest": "AndroidManifest.xml", "resources": "resources.arsc",
    "native": "lib/arm64-v8a/libapp.so", "text": "assets/www/app.js", "assets": "assets/data.bin",
})  # fmt: skip
_UTF8_POOL = bytes(29) + b"\x01\0\0"


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one example holds."""

    strings: tuple[str, ...] = ()
    hex: str = ""
    member: str = ""
    features: dict[str, Value] = {}


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Both examples of a rule."""

    hit: Example
    miss: Example


class ExampleResult(msgspec.Struct, frozen=True):
    """What came of one example of a rule; `detail` names the rules that hit."""

    rule: str
    example: str
    expected: bool
    got: bool
    detail: str

    @property
    def ok(self) -> bool:
        """Whether it is as expected."""
        return self.expected == self.got


def read_examples(folder: Path) -> dict[str, Examples]:
    """The examples of a folder `rules/apk` by rule id. Raises RuleFault naming the file."""
    found: dict[str, Examples] = {}
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        try:
            found |= msgspec.yaml.decode(path.read_bytes(), type=dict[str, Examples])
        except (msgspec.DecodeError, OSError) as error:
            raise RuleFault(str(error), file=path.relative_to(folder).as_posix(), remedy="see docs/apk_rules.md") from None
    return found


def run_examples(book: RuleBook, examples: Mapping[str, Examples]) -> Iterator[ExampleResult]:
    """Scan both examples of every rule that has some."""
    for facts in book.facts.values():
        both = examples.get(facts.id)
        for name, expected, one in (("hit", True, both.hit), ("miss", False, both.miss)) if both else ():
            hits = scan_example(book, facts.room, one)
            yield ExampleResult(facts.id, name, expected, facts.id in hits, ", ".join(hits))


def scan_example(book: RuleBook, room: str, example: Example) -> tuple[str, ...]:
    """Ids of all rules that hit the example."""
    features = dict(EXTERNALS) | example.features
    return tuple(hit.rule for hit in scan_members(open_archive(built(room, example)), book, features).hits)


def built(room: str, example: Example) -> bytes:
    """The archive of an example for a rule of this room: bytes that `open_archive` takes."""
    raw = bytes.fromhex(example.hex)
    if room == "listing":
        return _archive(dict.fromkeys(("AndroidManifest.xml", *example.strings), b""))
    if room == "whole":
        return raw + _archive({"AndroidManifest.xml": b""})
    name = example.member or _MEMBERS[room]
    return _archive({name: raw + _content(room, example.strings, bare=bool(raw))})


def _content(room: str, strings: tuple[str, ...], *, bare: bool) -> bytes:
    """Strings as they lie in such a file; `bare`: without the head of its format."""
    coded = [text.encode() for text in strings]
    if room in {"dex", "words"}:
        pool = b"".join(bytes([len(text) & 127]) + data + b"\0" for text, data in zip(strings, coded, strict=True))
        return (b"" if bare else b"dex\n035\0") + pool
    if room == "manifest":
        return b"\x03\0\x08\0" + b"".join(text.encode("utf-16-le") + b"\0\0" for text in strings)
    if room == "text":
        return b"\n".join(coded)
    head = {"resources": _UTF8_POOL, "native": b"\x7fELF\x02\x01\x01\0"}.get(room, b"\0")
    return (b"" if bare else head) + b"\0".join(coded)


def _archive(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()
