"""Tries the rules on the members of an archive, room by room, within limits; what cannot be tried is evidence, never silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import yara

from apk_analysis.errors import ApkError, LimitExceeded
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.intake.end_record import Buffer
from apk_analysis.intake.entry import Entry
from apk_analysis.yara_scan.book import RuleBook
from apk_analysis.yara_scan.facts import Hit, ScanLimits, Value, YaraScan
from apk_analysis.yara_scan.rooms import room_of, rooms_for, views

LISTING, WHOLE = "(listing)", "(whole)"
"""Stand for a member's name where a rule is tried on all names, or on the file itself."""
_OFFSETS = 16
# What YARA keeps of a flood of matches is many times the bytes it reads: a large member is scanned in windows.
# A rule that needs two patterns finds them only in one window, which no code or script of honest size exceeds.
WINDOW_BYTES, OVERLAP_BYTES = 16 << 20, 64 << 10
_WORDS = MappingProxyType({
    "yara_cut": ("成员过大，仅扫描了开头部分", "a member is so large that only its beginning was scanned"),
    "yara_failed": ("YARA 扫描失败", "scanning with YARA failed"),
    "yara_flooded": ("成员内匹配数异常多，可能用来拖慢分析", "a member holds a flood of matches, perhaps to slow analysis down"),
    "yara_timeout": ("YARA 扫描超时", "scanning with YARA took too long"),
    "yara_unread": ("成员无法读取，未扫描", "members could not be read and were not scanned"),
})  # fmt: skip


def scan_members(
    archive: Archive, book: RuleBook, externals: Mapping[str, Value], limits: ScanLimits | None = None
) -> YaraScan:
    """Every hit of the rules on the members of `archive`, their names, and the file itself.

    `externals`: from `externals_of`. A member that is too large is scanned as far as the limit; after
    `limits.timeouts` time-outs, or `limits.total_bytes`, no more are tried. Raises nothing for a sample.
    """
    scan = _Scan(book, dict(externals), limits or ScanLimits())
    names = "\n".join(entry.name for entry in archive.entries)
    scan.look("listing", LISTING, f"\n{names}\n".encode("utf-8", "replace"))
    for entry in archive.entries:
        if not entry.is_directory and not scan.over:
            _scan_member(scan, archive, entry)
    if "whole" in book.rooms:
        scan.look("whole", WHOLE, archive.data)
    return scan.result()


def _scan_member(scan: _Scan, archive: Archive, entry: Entry) -> None:
    try:
        content = archive.read(entry)
    except LimitExceeded as error:
        scan.hit_limit(error.limit, "yara_unread", entry.name)
        return
    except ApkError:
        scan.ledger.note("yara_unread", entry.name)
        return
    room = room_of(entry.name, content)
    for view in views(room, content):
        for tried in rooms_for(room):
            scan.look(tried, entry.name, view)


class _Scan:
    """One scan under way: what was found, and what is left of the limits."""

    def __init__(self, book: RuleBook, externals: dict[str, Value], limits: ScanLimits) -> None:
        self.ledger = Ledger(_WORDS)
        self._book, self._externals, self._limits = book, externals, limits
        self._hits: dict[tuple[str, str], Hit] = {}
        self._told: Counter[str] = Counter()
        self._limits_hit: dict[str, None] = {}
        self._timeouts = self._looks = self._bytes = 0

    @property
    def over(self) -> bool:
        """Whether no more members are tried."""
        return self._timeouts >= self._limits.timeouts or self._bytes >= self._limits.total_bytes

    def hit_limit(self, limit: str, code: str, where: str) -> None:
        """Write down a limit that kept something from being scanned."""
        self._limits_hit[limit] = None
        self.ledger.note(code, where)

    def look(self, room: str, member: str, content: Buffer | memoryview) -> None:
        """Try the rules of a room on bytes."""
        rules = self._book.rooms.get(room)
        if rules is None or self._timeouts >= self._limits.timeouts:
            return
        left = min(self._limits.member_bytes, self._limits.total_bytes - self._bytes)
        if len(content) > left:
            self.hit_limit("yara_bytes", "yara_cut", member)
            content = memoryview(content)[: max(left, 0)]
        self._looks += 1
        self._bytes += len(content)
        for start in range(0, max(len(content) - OVERLAP_BYTES, 1), WINDOW_BYTES - OVERLAP_BYTES):
            window = content if len(content) <= WINDOW_BYTES else memoryview(content)[start : start + WINDOW_BYTES]
            for match in self._matches(rules, member, window):
                self._take(match, member, start)

    def _matches(self, rules: yara.Rules, member: str, content: Buffer | memoryview) -> list[yara.Match]:
        def flooded(_kind: int, _about: object) -> int:
            self.ledger.note("yara_flooded", member)
            return int(yara.CALLBACK_CONTINUE)

        if self._timeouts >= self._limits.timeouts:
            return []
        try:
            return list(rules.match(
                data=content, externals=self._externals | {"member_name": member}, fast=True,
                timeout=self._limits.member_s, warnings_callback=flooded,
            ))  # fmt: skip
        except yara.TimeoutError:
            self._timeouts += 1
            self.hit_limit("yara_s", "yara_timeout", member)
        except yara.Error:
            self.ledger.note("yara_failed", member)
        return []

    def _take(self, match: yara.Match, member: str, start: int) -> None:
        facts = self._book.facts[match.rule]
        if (facts.id, member) in self._hits or self._told[facts.id] >= self._limits.hits_per_rule:
            return
        self._told[facts.id] += 1
        firsts = [(start + one.instances[0].offset, one.identifier) for one in match.strings][:_OFFSETS]
        self._hits[facts.id, member] = Hit(
            facts.id, facts.version, facts.kind, member, facts.zh, facts.en, facts.weight, facts.confidence, facts.scam_type,
            tuple(offset for offset, _ in firsts), tuple(name for _, name in firsts),
        )  # fmt: skip

    def result(self) -> YaraScan:
        """All that was found."""
        if self.over:
            self._limits_hit.setdefault("yara_bytes" if self._timeouts < self._limits.timeouts else "yara_s", None)
        return YaraScan(tuple(self._hits.values()), tuple(self._limits_hit), self.ledger.evidence(), self._looks, self._bytes)
