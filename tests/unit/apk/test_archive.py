"""Any archive opens, every trick is evidence, no limit is passed."""

from __future__ import annotations

import json
import mmap
import struct
import tempfile
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apk_analysis.errors import ApkError, LimitExceeded, UnreadableArchive, UnreadableEntry
from apk_analysis.intake.archive import Archive, open_archive
from apk_analysis.intake.limits import Limits
from apk_analysis.intake.tricks import TRICKS
from tests.archives import Member, archive, deflate, end_record

TEXT = b"what is inside " * 40
MANIFEST = b"AndroidManifest.xml"


def codes(opened: Archive) -> set[str]:
    return {item.code for item in opened.evidence}


def plain(**lies: object) -> Member:
    return Member(MANIFEST, TEXT, **lies)  # type: ignore[arg-type]


def test_an_honest_archive_opens_without_evidence() -> None:
    """Stored, deflated and empty members, directories and descriptors are read and nothing is noted."""
    members = [
        Member(b"a/", b"", method=0), Member(b"a/empty", b"", method=0), plain(),
        Member(b"raw", TEXT, method=0), Member(b"streamed", TEXT, descriptor=True),
    ]  # fmt: skip
    opened = open_archive(archive(*members))
    assert [opened.read(entry) for entry in opened.entries] == [member.content for member in members]
    assert opened.evidence == () and opened.limits_hit == ()


TRICKED = {
    "encryption_flag": archive(plain(flags=1)),
    "local_flags_differ": archive(plain(flags=1, local_flags=0)),
    "local_method_differs": archive(plain(local_method=0)),
    "method_unknown": archive(plain(method=0x2B2B)),
    "local_name_differs": archive(plain(local_name=b"something else")),
    "crc_differs": archive(plain(crc=1)),
    "size_differs": archive(plain(size=0x7FFFFFFF)),
    "data_before_first": archive(plain(), prefix=b"x" * 4_000),
    "dex_before_first": archive(plain(), prefix=b"dex\n035\0" + b"x" * 100),
    "directory_moved": archive(plain(), prefix=b"x" * 4_000, adjust=False),
    "data_after_end": archive(plain(), tail=b"tail" * 100),
    "comment": archive(plain(), comment=b"hello"),
    "end_record_fake": archive(plain(), comment=b"..." + end_record(0, 0, 0)),
    "end_records_several": archive(plain(), comment=b"..." + end_record(7, 9, 9) + b"more"),
    "count_differs": archive(plain(), Member(b"second", TEXT), count=1),
    "disk_number": archive(plain())[:-22] + end_record(1, 46 + len(MANIFEST), len(archive(plain())) - 22 - 46 - len(MANIFEST), disk=3),
    "zip64": archive(plain(zip64=True), zip64=True),
    "duplicate_entry": archive(plain(), Member(MANIFEST, b"another")),
    "directory_decoy": archive(plain(), Member(MANIFEST + b"/", b"", method=0)),
    "directory_lost": archive(plain(), Member(b"second", TEXT))[:-120],
    "local_header_lost": archive(plain()).replace(b"PK\x03\x04", b"PK\0\0", 1),
    "name_absolute": archive(plain(), Member(b"/etc/passwd", TEXT)),
    "name_traversal": archive(plain(), Member(b"../../x", TEXT)),
    "name_control": archive(plain(), Member(b"a\0b\n", TEXT)),
    "name_deep": archive(plain(), Member(b"d/" * 2_000 + b"x", TEXT)),
    "name_long": archive(plain(), Member(b"n" * 60_000, TEXT)),
    "name_encoding": archive(plain(), Member(b"\xff\xfe\x80", TEXT)),
    "stored_size_differs": archive(plain(), Member(b"s", TEXT, method=0, size=5)),
    "stream_damaged": archive(plain(), Member(b"s", TEXT, packed=deflate(TEXT)[:-9])),
    "overlap": archive(plain(), Member(b"again", TEXT, offset=0, local_name=b"again")),
    "entry_missing": archive(plain(), Member(b"far", TEXT, offset=1 << 30)),
    "local_size_differs": archive(plain()).replace(struct.pack("<I", len(TEXT)), b"\1\0\0\0", 1),
}  # fmt: skip


def _with_hidden_data() -> bytes:
    """A member of 9,000 bytes that the directory no longer names."""
    full = archive(plain(), Member(b"hid", bytes(range(250)) * 36, method=0), Member(b"last", TEXT))
    at = full.index(b"PK\x01\x02", full.index(b"PK\x01\x02") + 4)
    cut = full[:at] + full[at + 46 + 3 :]
    directory = full.index(b"PK\x01\x02")
    return cut[:-22] + end_record(2, len(cut) - 22 - directory, directory)


TRICKED["data_between"] = _with_hidden_data()


@pytest.mark.parametrize("code", sorted(TRICKS))
def test_each_trick_is_evidence_and_the_manifest_is_read(code: str) -> None:
    """Whatever the trick, it is named in two languages, and the content comes out as Android sees it."""
    opened = open_archive(TRICKED[code])
    assert opened.read("AndroidManifest.xml") == TEXT
    for entry in opened.entries:
        try:
            opened.read(entry)
        except UnreadableEntry:
            assert code in {"entry_missing", "stream_damaged", "directory_lost"}
    assert code in codes(opened)
    shown = json.loads(msgspec.json.encode(opened.evidence))
    assert all(item["zh"] and item["en"] for item in shown)


def test_an_unknown_method_is_stored_or_deflated_by_its_check_sum() -> None:
    """An unknown method over deflated data is inflated, over plain data it is taken as it is."""
    opened = open_archive(archive(
        Member(b"plain", TEXT, method=99), Member(b"packed", TEXT, method=98, packed=deflate(TEXT)),
    ))  # fmt: skip
    assert opened.read("plain") == opened.read("packed") == TEXT


def test_of_duplicates_the_first_is_read_by_name_and_the_others_by_entry() -> None:
    """A second manifest hides nothing."""
    opened = open_archive(archive(plain(), Member(MANIFEST, b"another")))
    assert [opened.read(entry) for entry in opened.entries] == [TEXT, b"another"]
    assert opened.read("AndroidManifest.xml") == TEXT


def test_a_bomb_ends_at_the_limit() -> None:
    """A member that grows beyond its limit is refused while it grows; the others are still read."""
    bomb = Member(b"bomb", packed=deflate(bytes(64 << 20)), size=10)
    opened = open_archive(archive(bomb, plain()), Limits(entry_bytes=8 << 20))
    with pytest.raises(LimitExceeded, match="entry_bytes: bomb"):
        opened.read("bomb")
    assert opened.limits_hit == ("entry_bytes",)
    assert opened.read("AndroidManifest.xml") == TEXT


def test_many_overlapping_members_end_at_the_sum() -> None:
    """A thousand names for one bomb are seen as overlapping and cost no more than all may cost together."""
    kernel = deflate(bytes(1 << 20))
    members = [Member(b"first", packed=kernel, size=1 << 20)]
    members += [Member(b"n%d" % number, packed=b"", packed_size=len(kernel), size=1 << 20, offset=0) for number in range(100)]
    opened = open_archive(archive(*members), Limits(total_bytes=5 << 20, ratio_floor_bytes=5 << 20))
    read = 0
    for entry in opened.entries:
        read += _size(opened, entry)
    assert read == 5 << 20
    assert "overlap" in codes(opened) and opened.limits_hit == ("total_bytes",)


def test_a_thousand_bombs_cost_no_more_than_a_few() -> None:
    """After many refusals members are refused without being unpacked; one that was read before still is."""
    kernel = deflate(bytes(1 << 20))
    bombs = [Member(b"b%d" % number, packed=kernel, size=1) for number in range(1_000)]
    opened = open_archive(archive(plain(), *bombs), Limits(total_bytes=1 << 16, ratio_floor_bytes=1 << 16))
    assert opened.read("AndroidManifest.xml") == TEXT
    assert sum(_size(opened, entry) for entry in opened.entries) == len(TEXT)
    assert opened.limits_hit == ("total_bytes",) and opened.read("AndroidManifest.xml") == TEXT


def test_a_bomb_hides_no_other_member() -> None:
    """What a refused member was charged comes back: the code after a bomb is still read."""
    bomb = Member(b"resources.arsc", packed=deflate(bytes(32 << 20)), size=9)
    code = Member(b"classes.dex", bytes(3 << 20))
    opened = open_archive(archive(bomb, code), Limits(total_bytes=4 << 20, ratio_floor_bytes=4 << 20))
    with pytest.raises(LimitExceeded, match="total_bytes"):
        opened.read("resources.arsc")
    assert len(opened.read("classes.dex")) == 3 << 20


def test_reading_twice_costs_once() -> None:
    """A member that is read again is not counted again."""
    opened = open_archive(archive(plain()), Limits(total_bytes=len(TEXT), ratio_floor_bytes=len(TEXT)))
    assert [opened.read("AndroidManifest.xml") for _ in range(3)] == [TEXT] * 3


def test_too_many_entries_are_cut_and_said() -> None:
    """Entries beyond the limit are left out, and the limit is named."""
    opened = open_archive(archive(*(Member(b"%d" % number) for number in range(30))), Limits(entries=10))
    assert len(opened.entries) == 10 and opened.limits_hit == ("entries",)


def test_small_uploads_may_unpack_to_25_mib_and_large_ones_to_a_hundredfold() -> None:
    """The sum is bounded by the size of the upload, above 25 MiB, and by 1 GiB."""
    sums = [Limits().unpacked_bytes(size) >> 20 for size in (1 << 10, 1 << 20, 100 << 20)]
    assert sums == [25, 100, 1024]


def test_an_upload_beyond_the_limit_is_refused() -> None:
    """What is larger than an upload may be is not even looked at."""
    with pytest.raises(LimitExceeded, match="upload_bytes"):
        open_archive(archive(plain()), Limits(upload_bytes=100))


@pytest.mark.parametrize("data", [b"", b"PK", b"garbage" * 50, end_record(0, 0, 0)])
def test_what_is_no_archive_is_refused_in_our_words(data: bytes) -> None:
    """Garbage and empty archives raise UnreadableArchive."""
    with pytest.raises(UnreadableArchive):
        open_archive(data)


def test_a_mapped_file_reads_as_bytes_do() -> None:
    """An archive in a memory map gives the same entries, contents and evidence as its bytes."""
    data = archive(plain(flags=1), Member(b"s", TEXT, method=0), prefix=b"x" * 9)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            one, two = open_archive(data), open_archive(mapped)
            assert [one.read(entry) for entry in one.entries] == [two.read(entry) for entry in two.entries]
            assert one.evidence == two.evidence


WHOLE = archive(plain(), Member(b"b", TEXT, method=0), Member(b"c", TEXT, descriptor=True), zip64=True)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=4)), max_size=8), st.integers(0, len(WHOLE)))
@settings(max_examples=300, deadline=None)
def test_no_damage_raises_anything_of_others_or_passes_a_limit(patches: list[tuple[int, bytes]], cut: int) -> None:
    """Any bytes overwritten anywhere, any cut: our own errors alone, and no more bytes than allowed."""
    data = bytearray(WHOLE)
    for at, piece in patches:
        data[at : at + len(piece)] = piece
    limits = Limits(total_bytes=4_000, ratio_floor_bytes=4_000, entries=10)
    read = 0
    try:
        opened = open_archive(bytes(data[: cut or None]), limits)
        for entry in opened.entries:
            read += _size(opened, entry)
        msgspec.json.encode((opened.evidence, opened.entries))
    except ApkError:
        pass
    assert read <= 4_000


def _size(opened: Archive, entry: object) -> int:
    try:
        return len(opened.read(entry))  # type: ignore[arg-type]
    except ApkError:
        return 0


@given(st.binary(max_size=300), st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_a_content_comes_out_as_it_went_in(content: bytes, prefix: bytes) -> None:
    """Whatever is packed, and whatever stands before it, is read back with its check sum right."""
    opened = open_archive(archive(Member(b"x", content), prefix=prefix, adjust=False))
    assert zlib.crc32(opened.read("x")) == zlib.crc32(content)
