"""APK Signature Schemes v2, v3 and v3.1: each signer's block, checked as Android checks it.

Of several signatures Android goes by the strongest alone, and so do we.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from apk_analysis.certificate.algorithms import SCHEME_ALGORITHMS, Algorithm, signature_holds
from apk_analysis.certificate.content_digest import ContentDigests
from apk_analysis.certificate.lineage import read_lineage
from apk_analysis.certificate.results import Scheme, Signer
from apk_analysis.certificate.signing_block import Fields, numbered
from apk_analysis.certificate.x509 import Signed, read_certificate
from apk_analysis.errors import UnreadableMember

SCHEME_IDS = {"v2": 0x7109_871A, "v3": 0xF053_68C0, "v3.1": 0x1B93_AD61}
LINEAGE_ATTRIBUTE = 0x3BA0_6F8C
ROTATION_ATTRIBUTE = 0x559F_8B02        # in v3: from this API level on there is a v3.1
STRIPPING_ATTRIBUTE = 0xBEEF_F00D       # in v2: this newer scheme was there when it was signed
MOST_SIGNERS = 10
LONGEST_BYTES = 2 << 20      # real ones have a few thousand
_STRENGTH = ("sha256", "verity", "sha512")


class _Block(msgspec.Struct, frozen=True):
    """The fields of a signer."""

    signed: bytes
    signatures: list[tuple[int, bytes]]
    public_key: bytes
    digests: list[tuple[int, bytes]]
    certificates: list[bytes]
    attributes: dict[int, bytes]
    sdks: tuple[int, int]
    inner_sdks: tuple[int, int]


def check_scheme(name: str, value: bytes, digests: ContentDigests, present: set[str]) -> Scheme:
    """All signers of one scheme; `present` names the schemes that the archive has."""
    if len(value) > LONGEST_BYTES:
        return Scheme(name, problems=(f"{len(value)} bytes: too long",))
    try:
        blocks = list(Fields(Fields(value).field()).fields())
    except UnreadableMember as problem:
        return Scheme(name, problems=(str(problem),))
    if not blocks or len(blocks) > MOST_SIGNERS:
        return Scheme(name, problems=(f"{len(blocks)} signers",))
    return Scheme(name, tuple(_check_signer(name, block, digests, present) for block in blocks))


def _check_signer(name: str, data: bytes, digests: ContentDigests, present: set[str]) -> Signer:
    """One signer; what cannot be read is its problem."""
    try:
        block = _read(name, data)
        certificates = [read_certificate(der) for der in block.certificates]
    except UnreadableMember as problem:
        return Signer(None, problems=(str(problem),))
    problems = list(_problems(block, certificates, digests))
    problems += _stripped(name, block, present)
    lineage: list[Signed] = []
    if LINEAGE_ATTRIBUTE in block.attributes and name != "v2":
        try:
            lineage = read_lineage(block.attributes[LINEAGE_ATTRIBUTE])
        except UnreadableMember as problem:
            problems.append(str(problem))
        if lineage and (not certificates or lineage[-1].der != certificates[0].der):
            problems.append("lineage: ends with another certificate")
    return Signer(
        certificates[0].facts if certificates else None, tuple(_names(block.signatures)), tuple(problems),
        *block.sdks, tuple(one.facts for one in lineage),
    )  # fmt: skip


def _read(name: str, data: bytes) -> _Block:
    outer = Fields(data)
    signed = outer.field()
    sdks = (outer.number(), outer.number()) if name != "v2" else (0, 0)
    signatures, public_key = numbered(outer.field()), outer.field()
    inner = Fields(signed)
    digests = numbered(inner.field())
    certificates = list(Fields(inner.field()).fields())
    inner_sdks = (inner.number(), inner.number()) if name != "v2" else (0, 0)
    attributes = _attributes(inner.field()) if inner.left_bytes else {}
    return _Block(signed, signatures, public_key, digests, certificates, attributes, sdks, inner_sdks)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for field in Fields(data).fields():
        inner = Fields(field)
        found.setdefault(inner.number(), inner.rest())
    return found


def _names(signatures: list[tuple[int, bytes]]) -> Iterator[str]:
    for number, _ in signatures:
        known = SCHEME_ALGORITHMS.get(number)
        yield known.name if known else f"unknown 0x{number:x}"


def _problems(block: _Block, certificates: list[Signed], digests: ContentDigests) -> Iterator[str]:
    """What is wrong with a signer's signature, key, certificates or digests."""
    best = _strongest(block.signatures)
    if best is None:
        yield "no signature of a known algorithm"
        return
    number, algorithm, signature = best
    if not signature_holds(block.public_key, algorithm, signature, block.signed):
        yield f"{algorithm.name}: the signature does not hold"
    if [one for one, _ in block.digests] != [one for one, _ in block.signatures]:
        yield "signatures and digests name different algorithms"
    elif dict(block.digests)[number] != digests.digest(algorithm.content):
        yield f"{algorithm.name}: the content was changed"
    if not certificates:
        yield "no certificate"
    elif certificates[0].public_key != block.public_key:
        yield "the certificate holds another key"
    if block.sdks != block.inner_sdks:
        yield "platform range differs from the signed one"


def _strongest(signatures: list[tuple[int, bytes]]) -> tuple[int, Algorithm, bytes] | None:
    known = [(number, SCHEME_ALGORITHMS[number], value) for number, value in signatures if number in SCHEME_ALGORITHMS]
    return max(known, key=lambda one: _STRENGTH.index(one[1].content), default=None)


def _stripped(name: str, block: _Block, present: set[str]) -> Iterator[str]:
    """A newer scheme that was there when it was signed, and is gone."""
    if name == "v2" and block.attributes.get(STRIPPING_ATTRIBUTE, b"")[:4] == b"\3\0\0\0" and "v3" not in present:
        yield "the v3 signature was stripped"
    if name == "v3" and ROTATION_ATTRIBUTE in block.attributes and "v3.1" not in present:
        yield "the v3.1 signature was stripped"
