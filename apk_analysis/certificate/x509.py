"""Signers' certificates as facts: who, since when, which key, and whether the key is one that everybody has."""

from __future__ import annotations

import hashlib
import warnings
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import Certificate as Loaded
from cryptography.x509 import InvalidVersion, Name, load_der_x509_certificate

from apk_analysis.certificate.asn1 import Node, parse
from apk_analysis.errors import UnreadableMember

# SHA-256 of certificates whose private keys are public (Android's source, build/target/product/security).
PUBLIC_KEYS = MappingProxyType({
    "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc": "AOSP testkey",
    "c8a2e9bccf597c2fb6dc66bee293fc13f2fc47ec77bc6b2b0d52c11f51192ab8": "AOSP platform",
    "28bbfe4a7b97e74681dc55c2fbb6ccb8d6c74963733f6af6ae74d8c3a6e879fd": "AOSP shared",
    "465983f7791f2abeb43ea2cbdc7f21a8260b72bc08a55c839fc1a43bc741a81e": "AOSP media",
})  # fmt: skip
_DEBUG_NAME = "android debug"


class Certificate(msgspec.Struct, frozen=True):
    """A certificate. Times in seconds since 1970, UTC; digests in hexadecimal.

    `public_key_sha256` is that of the SubjectPublicKeyInfo: it stays when a certificate is made anew.
    `strict` is False for one that only a lenient reader understands; then names and times are empty.
    """

    sha256: str
    public_key_sha256: str
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    not_before_s: int = 0
    not_after_s: int = 0
    key: str = ""
    self_signed: bool = False
    debug: bool = False
    public_test_key: str = ""
    strict: bool = True


class Signed(msgspec.Struct, frozen=True):
    """A certificate with the bytes that checking needs."""

    der: bytes
    public_key: bytes
    facts: Certificate


def read_certificate(der: bytes) -> Signed:
    """The certificate in `der`; raises UnreadableMember when it holds no public key."""
    spki = _public_key(parse(der))
    sha256 = hashlib.sha256(der).hexdigest()
    key_sha256 = hashlib.sha256(spki).hexdigest()
    test_key = PUBLIC_KEYS.get(sha256, "")
    try:
        with warnings.catch_warnings():     # about names that are odd: that is no news here
            warnings.simplefilter("ignore")
            facts = _facts(load_der_x509_certificate(der), sha256, key_sha256, test_key)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion):
        facts = Certificate(sha256, key_sha256, public_test_key=test_key, strict=False)
    return Signed(der, spki, facts)


def _public_key(node: Node) -> bytes:
    """The SubjectPublicKeyInfo of a certificate, as encoded."""
    body = (node.children() or [node])[0].children()
    fields = body[1:] if body and body[0].tag == 0xA0 else body     # without the version
    if len(fields) < 6:
        raise UnreadableMember("certificate: no public key")
    return fields[5].encoded


def _facts(loaded: Loaded, sha256: str, key_sha256: str, test_key: str) -> Certificate:
    subject, issuer = _named(loaded.subject), _named(loaded.issuer)
    return Certificate(
        sha256, key_sha256, subject, issuer, f"{loaded.serial_number:x}",
        _seconds(loaded.not_valid_before_utc), _seconds(loaded.not_valid_after_utc),
        _key_kind(loaded), subject == issuer, _DEBUG_NAME in subject.lower(), test_key,
    )  # fmt: skip


def _named(name: Name) -> str:
    return name.rfc4514_string()


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def _key_kind(loaded: Loaded) -> str:
    """Kind and size of the key, as "RSA 2048"."""
    key = loaded.public_key()
    kind = type(key).__name__.removesuffix("PublicKey").removeprefix("_")
    return f"{kind} {getattr(key, 'key_size', '')}".strip()
