"""PKCS#7 signature blocks of JAR signing (META-INF/*.RSA, .DSA, .EC), by the rules of Android 7 and newer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from apk_analysis.certificate.algorithms import DIGEST_IDS, KEY_IDS, Algorithm, signature_holds
from apk_analysis.certificate.asn1 import OCTETS, Node, parse
from apk_analysis.certificate.x509 import Signed, read_certificate
from apk_analysis.errors import UnreadableMember

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_DATA = "1.2.840.113549.1.7.1"
_TAG_0 = 0xA0
_LONG_DSA = {"sha384", "sha512"}        # Android has none


class Verified(msgspec.Struct, frozen=True):
    """The certificate whose key signed, and how."""

    certificate: Signed
    algorithm: str


class _SignerInfo(msgspec.Struct, frozen=True):
    issuer: bytes
    serial: int
    digest_id: str
    key_id: str
    attributes: Node | None
    signature: bytes


def verify_block(block: bytes, signed: bytes) -> Verified:
    """The first signer whose signature over `signed` holds; raises UnreadableMember when there is none."""
    certificates, infos = _read(block)
    for info in infos:
        certificate = _certificate_of(info, certificates)
        digest, key = DIGEST_IDS.get(info.digest_id, ""), KEY_IDS.get(info.key_id, "")
        if not digest or not key or (key == "dsa" and digest in _LONG_DSA):
            raise UnreadableMember(f"JAR signature: {info.digest_id} with {info.key_id} is not supported")
        message = _message(info, digest, signed)
        algorithm = Algorithm(f"{key.upper()} with {digest.upper()}", key, digest)
        if message is not None and signature_holds(certificate.public_key, algorithm, info.signature, message):
            return Verified(certificate, algorithm.name)
    raise UnreadableMember("JAR signature: does not hold")


def block_certificates(block: bytes) -> list[Signed]:
    """The certificates in a block, whoever signed; raises UnreadableMember."""
    return _read(block)[0]


def _read(block: bytes) -> tuple[list[Signed], list[_SignerInfo]]:
    """Certificates and signers of a block."""
    outer = parse(block).children()
    if len(outer) < 2 or not outer[1].children():
        raise UnreadableMember("PKCS#7: not a signature")
    fields = outer[1].children()[0].children()
    bag = next((node for node in fields[3:] if node.tag == _TAG_0), None)
    certificates = [read_certificate(node.encoded) for node in bag.children()] if bag else []
    infos = [_signer_info(node) for node in fields[-1].children()] if len(fields) > 3 else []
    return certificates, infos


def _signer_info(node: Node) -> _SignerInfo:
    fields = node.children()
    if len(fields) < 5:
        raise UnreadableMember("PKCS#7: a signer is cut short")
    who = fields[1].children()
    attributes = fields[3] if fields[3].tag == _TAG_0 else None
    rest = fields[4:] if attributes else fields[3:]
    if len(who) < 2 or len(rest) < 2 or rest[1].tag & 0x1F != OCTETS:
        raise UnreadableMember("PKCS#7: a signer is unreadable")
    return _SignerInfo(
        who[0].encoded, who[1].number(), _algorithm_id(fields[2]), _algorithm_id(rest[0]), attributes,
        rest[1].octets(),
    )  # fmt: skip


def _algorithm_id(node: Node) -> str:
    parts = node.children()
    if not parts:
        raise UnreadableMember("PKCS#7: an algorithm has no name")
    return parts[0].object_id()


def _certificate_of(info: _SignerInfo, certificates: list[Signed]) -> Signed:
    """The certificate that a signer names; by its number alone where the name is spelled in another alphabet."""
    named = [(one, *_issuer_serial(one.der)) for one in certificates]
    same_serial = [one for one in named if one[2] == info.serial]
    for certificate, issuer, _ in same_serial:
        if issuer == info.issuer:
            return certificate
    if not same_serial:
        raise UnreadableMember("PKCS#7: the signer's certificate is missing")
    return same_serial[0][0]


def _issuer_serial(der: bytes) -> tuple[bytes, int]:
    body = parse(der).children()[0].children()
    fields = body[1:] if body[0].tag == _TAG_0 else body
    return fields[2].encoded, fields[0].number()


def _message(info: _SignerInfo, digest: str, signed: bytes) -> bytes | None:
    """The bytes that were signed: the file, or attributes that hold its digest; None = they hold another."""
    if info.attributes is None:
        return signed
    attributes = dict(_attribute_values(info.attributes))
    if _CONTENT_TYPE not in attributes or _MESSAGE_DIGEST not in attributes:
        raise UnreadableMember("PKCS#7: signed attributes lack content type or digest")
    if attributes[_CONTENT_TYPE].object_id() != _DATA:
        return None
    if attributes[_MESSAGE_DIGEST].octets() != hashlib.new(digest, signed, usedforsecurity=False).digest():
        return None
    return b"\x31" + info.attributes.encoded[1:]


def _attribute_values(attributes: Node) -> Iterator[tuple[str, Node]]:
    seen: set[str] = set()
    for attribute in attributes.children():
        parts = attribute.children()
        values = parts[1].children() if len(parts) == 2 else []
        if len(values) != 1 or (name := parts[0].object_id()) in seen:
            raise UnreadableMember("PKCS#7: a signed attribute is unreadable or doubled")
        seen.add(name)
        yield name, values[0]
