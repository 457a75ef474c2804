"""Members in and out of an archive, aligned and signed as the platform wants it."""

from __future__ import annotations

import io
import struct
import zipfile

from datasets.reskin.signing import Key, sign

Members = dict[str, bytes]
_EARLIEST = (1981, 1, 1, 1, 1, 2)
_STORED_SUFFIXES = (".png", ".jpg", ".webp", ".ogg", ".mp3", ".arsc", ".so")
ALIGN_BYTES = 4
_LOCAL_BYTES = 30


def unpack(apk: bytes) -> Members:
    """The members of an honest APK, without its v1 signature. Raises zipfile.BadZipFile."""
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        return {
            info.filename: archive.read(info) for info in archive.infolist()
            if not info.is_dir() and not _is_signature(info.filename)
        }  # fmt: skip


def _is_signature(name: str) -> bool:
    return name.startswith("META-INF/") and name.endswith((".MF", ".SF", ".RSA", ".EC", ".DSA"))


def pack(members: Members) -> bytes:
    """An archive of these members; those that are not compressed begin at multiples of four bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED_SUFFIXES) else zipfile.ZIP_DEFLATED
            if info.compress_type == zipfile.ZIP_STORED:
                start = out.tell() + _LOCAL_BYTES + len(name.encode()) + 6
                info.extra = struct.pack("<3H", 0xD935, 2 + -start % ALIGN_BYTES, ALIGN_BYTES) + bytes(-start % ALIGN_BYTES)
            archive.writestr(info, content)
    return out.getvalue()


def pack_signed(members: Members, key: Key) -> bytes:
    """The members as an APK signed by schemes v1 and v2."""
    return sign(pack(members), key, schemes=("v1", "v2"))
