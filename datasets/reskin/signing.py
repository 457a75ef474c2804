"""Signs APKs in pure Python: schemes v1, v2, v3 and v3.1, with rotation of keys.

For honest re-skins and for tests. Written apart from the checker in `apk_analysis/certificate`, so that each
shows the other's mistakes. Keys are made on the spot and belong to nobody.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from datasets.reskin.jar_signing import add_jar_signature

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey

SCHEME_IDS = {"v2": 0x7109871A, "v3": 0xF05368C0, "v3.1": 0x1B93AD61}
LINEAGE, ROTATION, STRIPPING = 0x3BA06F8C, 0x559F8B02, 0xBEEFF00D
LATEST_SDK = 0x7FFFFFFF
ROTATION_SDK = 33
CHUNK_BYTES = 1 << 20
PAGE_BYTES = 4_096
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
# number: hash of the signature, digest of the content, PSS
ALGORITHMS = {
    0x0101: ("sha256", "sha256", True), 0x0102: ("sha512", "sha512", True), 0x0103: ("sha256", "sha256", False),
    0x0104: ("sha512", "sha512", False), 0x0201: ("sha256", "sha256", False), 0x0202: ("sha512", "sha512", False),
    0x0301: ("sha256", "sha256", False), 0x0421: ("sha256", "verity", False), 0x0423: ("sha256", "verity", False),
    0x0425: ("sha256", "verity", False),
}  # fmt: skip
_HASHES = {"sha256": hashes.SHA256, "sha512": hashes.SHA512}


@dataclass(frozen=True)
class Key:
    """A private key with its certificate (DER) and the signature algorithm that it uses by default."""

    private: PrivateKey
    certificate: bytes
    algorithm: int

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def make_key(kind: str = "ec", *, name: str = "Nobody", bits: int = 2048) -> Key:
    """A fresh key, "ec", "rsa" or "dsa", with a certificate of its own."""
    private: PrivateKey
    if kind == "ec":
        private, algorithm = ec.generate_private_key(ec.SECP256R1()), 0x0201
    elif kind == "rsa":
        private, algorithm = rsa.generate_private_key(65537, bits), 0x0103
    else:
        private, algorithm = dsa.generate_private_key(bits), 0x0301
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, private.public_key(), x509.random_serial_number(), _SINCE, _UNTIL)
    return Key(private, builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER), algorithm)


@dataclass
class SignerFields:
    """A signer's block before it is put into bytes; a test may lie in any of them. None = made truthfully."""

    scheme: str
    key: Key
    algorithms: tuple[int, ...]
    digests: list[tuple[int, bytes]]
    certificates: list[bytes]
    attributes: list[tuple[int, bytes]] = field(default_factory=list)
    sdks: tuple[int, int] = (24, LATEST_SDK)
    inner_sdks: tuple[int, int] | None = None
    public_key: bytes | None = None
    signatures: list[tuple[int, bytes]] | None = None


def sign(
    apk: bytes, key: Key, *, schemes: Sequence[str] = ("v1", "v2", "v3"), older: Sequence[Key] = (),
    algorithms: Sequence[int] = (),
) -> bytes:  # fmt: skip
    """`apk` signed by these schemes; what it was signed with before is not removed.

    `older`: keys that `key` follows, oldest first. v1 and v2 are by the oldest; v3 is by `key` with the proof
    of rotation, or by the oldest where "v3.1" is asked for, which then carries `key` and proof.
    """
    first = older[0] if older else key
    if "v1" in schemes:
        numbers = [name[1:] for name in ("v2", "v3") if name in schemes]
        apk = add_jar_signature(apk, first.private, first.certificate, numbers)
    wanted = [name for name in SCHEME_IDS if name in schemes]
    if not wanted:
        return apk
    numbers_of = {name: _algorithms(name, key, first, schemes, algorithms) for name in wanted}
    room = insert_block(apk, [])        # sections are digested around a block of any size
    signers = [_fields(name, room, key, first, older, schemes, numbers_of[name]) for name in wanted]
    return insert_block(apk, [(SCHEME_IDS[one.scheme], scheme_value([one])) for one in signers])


def _algorithms(
    name: str, key: Key, first: Key, schemes: Sequence[str], algorithms: Sequence[int]
) -> tuple[int, ...]:
    return tuple(algorithms) or (_signs(name, key, first, schemes).algorithm,)


def _signs(name: str, key: Key, first: Key, schemes: Sequence[str]) -> Key:
    return first if name == "v2" or (name == "v3" and "v3.1" in schemes) else key


def _fields(
    name: str, apk: bytes, key: Key, first: Key, older: Sequence[Key], schemes: Sequence[str], algorithms: tuple[int, ...]
) -> SignerFields:
    """A truthful signer of one scheme."""
    by = _signs(name, key, first, schemes)
    digests = [(number, content_digest(apk, ALGORITHMS[number][1])) for number in algorithms]
    one = SignerFields(name, by, algorithms, digests, [by.certificate])
    if name == "v2" and "v3" in schemes:
        one.attributes.append((STRIPPING, struct.pack("<I", 3)))
    if name == "v3" and "v3.1" in schemes:
        one.attributes.append((ROTATION, struct.pack("<I", ROTATION_SDK)))
    if name != "v2" and by is key and older:
        one.attributes.append((LINEAGE, lineage([*older, key])))
    if name == "v3.1":
        one.sdks = (ROTATION_SDK, LATEST_SDK)
    return one


def scheme_value(signers: Sequence[SignerFields]) -> bytes:
    """The value of a scheme in the signing block."""
    return prefixed(b"".join(prefixed(_encoded(one)) for one in signers))


def _encoded(one: SignerFields) -> bytes:
    """A signer's block: what is signed, what for, the signatures, the key."""
    signed = prefixed(_numbered(one.digests)) + prefixed(b"".join(map(prefixed, one.certificates)))
    if one.scheme != "v2":
        signed += struct.pack("<2I", *(one.inner_sdks or one.sdks))
    signed += prefixed(b"".join(prefixed(struct.pack("<I", number) + value) for number, value in one.attributes))
    signatures = one.signatures
    if signatures is None:
        signatures = [(number, sign_bytes(one.key, number, signed)) for number in one.algorithms]
    sdks = struct.pack("<2I", *one.sdks) if one.scheme != "v2" else b""
    public = one.key.public if one.public_key is None else one.public_key
    return prefixed(signed) + sdks + prefixed(_numbered(signatures)) + prefixed(public)


def sign_bytes(key: Key, number: int, data: bytes) -> bytes:
    """`data` signed by the algorithm of this number."""
    name, _, pss = ALGORITHMS[number]
    digest = _HASHES[name]()
    if isinstance(key.private, rsa.RSAPrivateKey):
        pad = padding.PSS(padding.MGF1(digest), digest.digest_size) if pss else padding.PKCS1v15()
        return key.private.sign(data, pad, digest)
    if isinstance(key.private, ec.EllipticCurvePrivateKey):
        return key.private.sign(data, ec.ECDSA(digest))
    return key.private.sign(data, digest)


def lineage(keys: Sequence[Key]) -> bytes:
    """The proof that each key was made the next one's predecessor by its own signature."""
    nodes = []
    for number, key in enumerate(keys):
        before = keys[number - 1] if number else None
        signed = prefixed(key.certificate) + struct.pack("<I", before.algorithm if before else 0)
        signature = sign_bytes(before, before.algorithm, prefixed(signed)[4:]) if before else b""
        nodes.append(prefixed(prefixed(signed) + struct.pack("<2I", 0x17, key.algorithm) + prefixed(signature)))
    return struct.pack("<I", 1) + b"".join(nodes)


def prefixed(data: bytes) -> bytes:
    """`data` with its length before it."""
    return struct.pack("<I", len(data)) + data


def _numbered(pairs: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(prefixed(struct.pack("<I", number) + prefixed(value)) for number, value in pairs)


def insert_block(apk: bytes, pairs: Sequence[tuple[int, bytes]]) -> bytes:
    """`apk` with a signing block of these pairs before its directory; entries are padded to a page."""
    end = apk.rindex(b"PK\x05\x06")
    (start,) = struct.unpack_from("<I", apk, end + 16)
    body = b"".join(struct.pack("<QI", len(value) + 4, number) + value for number, value in pairs)
    size = struct.pack("<Q", len(body) + 24)
    block = bytes(-start % PAGE_BYTES) + size + body + size + b"APK Sig Block 42"
    record = bytearray(apk[end:])
    record[16:20] = struct.pack("<I", start + len(block))
    return apk[:start] + block + apk[start:end] + bytes(record)


def content_digest(apk: bytes, kind: str) -> bytes:
    """The digest ("sha256", "sha512" or "verity") of all of a signed `apk` but its signing block."""
    end = apk.rindex(b"PK\x05\x06")
    (directory,) = struct.unpack_from("<I", apk, end + 16)
    (size,) = struct.unpack_from("<Q", apk, directory - 24)
    start = directory - size - 8
    record = bytearray(apk[end:])
    record[16:20] = struct.pack("<I", start)
    sections = [apk[:start], apk[directory:end], bytes(record)]
    if kind == "verity":
        return _tree(b"".join(sections))
    chunks = [part[at : at + CHUNK_BYTES] for part in sections for at in range(0, len(part), CHUNK_BYTES)]
    inner = [hashlib.new(kind, b"\xa5" + struct.pack("<I", len(chunk)) + chunk).digest() for chunk in chunks]
    return hashlib.new(kind, b"\x5a" + struct.pack("<I", len(inner)) + b"".join(inner)).digest()


def _tree(content: bytes) -> bytes:
    """Root hash and length, as fs-verity makes it with a salt of eight zeros."""
    level = content
    while True:
        pages = [level[at : at + PAGE_BYTES].ljust(PAGE_BYTES, b"\0") for at in range(0, len(level), PAGE_BYTES)]
        if len(pages) == 1 and level is not content:
            return hashlib.sha256(bytes(8) + pages[0]).digest() + struct.pack("<Q", len(content))
        level = b"".join(hashlib.sha256(bytes(8) + page).digest() for page in pages)
