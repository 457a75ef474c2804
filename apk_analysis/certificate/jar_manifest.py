"""JAR manifests and signature files: sections of attributes, and the bytes that their digests are over."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

import msgspec

from apk_analysis.errors import UnreadableMember

_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r|\Z)")
MOST_LINES = 500_000      # 65,535 entries have four each
DIGESTS = (("SHA-512", "sha512"), ("SHA-384", "sha384"), ("SHA-256", "sha256"), ("SHA1", "sha1"), ("SHA-1", "sha1"))


class Section(msgspec.Struct, frozen=True):
    """Attributes by their names in lower case, and the section as it was written, blank line included."""

    attributes: dict[str, str]
    raw: bytes

    @property
    def name(self) -> str:
        """The entry that the section is of; empty for the main one."""
        return self.attributes.get("name", "")


def read_sections(data: bytes) -> tuple[Section, dict[str, Section]]:
    """The main section, and the others by name; raises UnreadableMember for a section without a name or a name twice."""
    if data.count(b"\n") + data.count(b"\r") > MOST_LINES:
        raise UnreadableMember(f"JAR manifest: more than {MOST_LINES} lines")
    sections = list(_sections(data))
    if not sections:
        raise UnreadableMember("JAR manifest: empty")
    named: dict[str, Section] = {}
    for section in sections[1:]:
        if not section.name or section.name in named:
            raise UnreadableMember(f"JAR manifest: a section without a name, or twice: {section.name!r:.80}")
        named[section.name] = section
    return sections[0], named


def _sections(data: bytes) -> Iterator[Section]:
    start, lines = 0, list[bytes]()
    for found in _LINE.finditer(data):
        line, end = found.group(1), found.end()
        if line:
            if line[:1] == b" " and lines:
                lines[-1] += line[1:]
            else:
                lines.append(line)
        elif lines:
            yield Section(_attributes(lines), data[start:end])
            start, lines = end, []
        if not found.group(2):
            break
    if lines:
        yield Section(_attributes(lines), data[start:])


def _attributes(lines: list[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b": ")
        if not colon:
            raise UnreadableMember(f"JAR manifest: a line that is no attribute: {line[:80]!r}")
        found[name.decode("utf-8", "backslashreplace").lower()] = value.decode("utf-8", "backslashreplace")
    return found


def digest_holds(section: Section, suffix: str, content: bytes) -> bool | None:
    """Whether the strongest digest named `…-Digest{suffix}` is that of `content`; None when there is none."""
    for name, algorithm in DIGESTS:
        stated = section.attributes.get(f"{name}-Digest{suffix}".lower())
        if stated is not None:
            return _decoded(stated) == hashlib.new(algorithm, content, usedforsecurity=False).digest()
    return None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
