"""Opens any archive: what can be read is read, every trick is noted, and no limit is passed.

As Android does, the central directory wins over local headers, an encryption flag is ignored and
an unknown method is taken as "stored". Nothing is ever written by a name from inside.
"""

from __future__ import annotations

import zlib

from apk_analysis.errors import LimitExceeded, UnreadableArchive, UnreadableEntry
from apk_analysis.evidence import Evidence, Ledger
from apk_analysis.intake.directory import LOCAL, LOCAL_SIGNATURE, read_directory, scan_headers
from apk_analysis.intake.end_record import Buffer, End, find_end
from apk_analysis.intake.entry import DEFLATED, STORED, Entry
from apk_analysis.intake.inspection import inspect
from apk_analysis.intake.limits import Limits
from apk_analysis.intake.tricks import TRICKS

STEP_BYTES = 1 << 20
MOST_REFUSALS = 10      # then members that were not read yet are refused untried: a try costs up to `entry_bytes`


def open_archive(data: Buffer, limits: Limits | None = None) -> Archive:
    """The archive in `data`; raises UnreadableArchive when it holds no entry that can be found.

    Raises LimitExceeded when `data` are larger than an upload may be.
    """
    limits = limits or Limits()
    if len(data) > limits.upload_bytes:
        raise LimitExceeded("upload_bytes", f"{len(data)} > {limits.upload_bytes}")
    ledger = Ledger(TRICKS)
    end = find_end(data, ledger)
    if end and end.leads_somewhere:
        entries, cut = read_directory(data, end, limits, ledger)
    else:
        entries, cut = scan_headers(data, limits)
        ledger.note("directory_lost")
    if not entries:
        raise UnreadableArchive("no directory and no local header found: not an APK, or an empty one")
    inspect(data, entries, end.directory_offset if end and end.leads_somewhere else len(data), ledger)
    return Archive(data, entries, end, limits, ledger, cut=cut)


class Archive:
    """An opened archive. `limits_hit` names the limits that kept something from being read."""

    def __init__(
        self, data: Buffer, entries: list[Entry], end: End | None, limits: Limits, ledger: Ledger, *, cut: bool
    ) -> None:
        self.data = data
        self.entries = tuple(entries)
        self.end = end
        self._limits = limits
        self._ledger = ledger
        self._hit: dict[str, None] = {"entries": None} if cut else {}
        self._charged: dict[int, int] = {}
        self._refusals = 0
        self._left_bytes = limits.unpacked_bytes(len(data))
        self._by_name: dict[str, Entry] = {}
        for entry in entries:
            self._by_name.setdefault(entry.name, entry)     # Android runs the first of several

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was noticed up to now; reading members adds to it."""
        return self._ledger.evidence()

    @property
    def limits_hit(self) -> tuple[str, ...]:
        """Names of the limits that were reached up to now."""
        return tuple(self._hit)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def find(self, name: str) -> Entry | None:
        """The entry of this name; of several the first, which is the one that Android runs."""
        return self._by_name.get(name)

    def read(self, wanted: str | Entry) -> bytes:
        """The content of a member, by name or entry; each call unpacks it anew.

        Raises UnreadableEntry when there is none or nothing of it can be unpacked, and LimitExceeded
        when it or all members together would grow too large. What is only damaged is given as far as
        it goes, and noted.
        """
        entry = self._by_name.get(wanted) if isinstance(wanted, str) else wanted
        if entry is None:
            raise UnreadableEntry(f"{wanted}: no such entry")
        if self._refusals >= MOST_REFUSALS and entry.index not in self._charged:
            self._refuse("total_bytes", entry)
        start = self._data_offset(entry)
        if entry.method == DEFLATED:
            content = self._inflate(entry, start)
        elif entry.method == STORED:
            content = self._stored(entry, start, entry.compressed_bytes)
        else:
            content = self._of_unknown_method(entry, start)
        self._check(entry, content)
        return content

    def head(self, entry: Entry, size_bytes: int) -> bytes:
        """At most the first `size_bytes` of a member, at next to no cost; empty where nothing can be read."""
        try:
            start = self._data_offset(entry)
            stop = min(start + entry.compressed_bytes, len(self.data))
            if entry.method != DEFLATED:
                return bytes(self.data[start : min(start + size_bytes, len(self.data))])
            packed = bytes(self.data[start : min(start + size_bytes + STEP_BYTES // 1024, stop)])
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, size_bytes)
        except (UnreadableEntry, zlib.error):
            return b""

    def _data_offset(self, entry: Entry) -> int:
        """Where the data of `entry` start; a damaged local header is passed over by the directory's name."""
        offset = entry.header_offset
        if not 0 <= offset <= len(self.data) - LOCAL.size:
            raise UnreadableEntry(f"{entry.name}: lies outside the archive")
        fields = LOCAL.unpack_from(self.data, offset)
        if fields[0] != LOCAL_SIGNATURE:
            return offset + LOCAL.size + len(entry.raw_name)
        return int(offset + LOCAL.size + fields[9] + fields[10])

    def _charge(self, entry: Entry, size_bytes: int) -> None:
        """Count what `entry` has unpacked to; a member read again costs only what is more."""
        if size_bytes > self._limits.entry_bytes:
            self._refuse("entry_bytes", entry)
        more = size_bytes - self._charged.get(entry.index, 0)
        if more > self._left_bytes:
            self._refuse("total_bytes", entry)
        if more > 0:
            self._charged[entry.index] = size_bytes
            self._left_bytes -= more

    def _refuse(self, limit: str, entry: Entry) -> None:
        """Give up a member; what it was charged comes back, so that a bomb hides no other member."""
        self._left_bytes += self._charged.pop(entry.index, 0)
        self._hit[limit] = None
        self._refusals += 1
        raise LimitExceeded(limit, entry.name)

    def _stored(self, entry: Entry, start: int, size_bytes: int) -> bytes:
        available = max(min(size_bytes, len(self.data) - start), 0)
        self._charge(entry, available)
        return bytes(self.data[start : start + available])

    def _inflate(self, entry: Entry, start: int) -> bytes:
        """Inflate within the limits; compressed data that break off give what came before."""
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        pieces: list[bytes] = []
        size_bytes, offset = 0, start
        stop = min(start + entry.compressed_bytes, len(self.data))
        pending = b""
        try:
            while not unpacker.eof and (pending or offset < stop):
                if not pending:
                    pending = bytes(self.data[offset : min(offset + STEP_BYTES, stop)])
                    offset += len(pending)
                piece = unpacker.decompress(pending, STEP_BYTES)
                pending = unpacker.unconsumed_tail
                size_bytes += len(piece)
                self._charge(entry, size_bytes)
                pieces.append(piece)
        except zlib.error:
            return self._damaged(entry, pieces)
        if not unpacker.eof:
            return self._damaged(entry, pieces)
        return b"".join(pieces)

    def _damaged(self, entry: Entry, pieces: list[bytes]) -> bytes:
        self._ledger.note("stream_damaged", entry.name)
        if not any(pieces):
            raise UnreadableEntry(f"{entry.name}: nothing of it can be inflated")
        return b"".join(pieces)

    def _of_unknown_method(self, entry: Entry, start: int) -> bytes:
        """As stored, which is what Android does; deflated where that alone fits the check sum."""
        content = self._stored(entry, start, entry.size_bytes)
        if zlib.crc32(content) == entry.crc32:
            return content
        try:
            inflated = self._inflate(entry, start)
        except UnreadableEntry:
            return content
        return inflated if zlib.crc32(inflated) == entry.crc32 else content

    def _check(self, entry: Entry, content: bytes) -> None:
        if len(content) != entry.size_bytes:
            self._ledger.note("size_differs", f"{entry.name}: {entry.size_bytes} → {len(content)}")
        if zlib.crc32(content) != entry.crc32:
            self._ledger.note("crc_differs", entry.name)
