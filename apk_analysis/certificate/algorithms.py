"""Signature and digest algorithms of the signing schemes, and the one place where a signature is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key


class Algorithm(msgspec.Struct, frozen=True):
    """How a block is signed: kind of key, digest of the signature, and digest of the content."""

    name: str
    key: str
    digest: str
    pss: bool = False
    content: str = ""       # "sha256", "sha512" in chunks, or "verity"


# Numbers of APK Signature Scheme v2 and later.
SCHEME_ALGORITHMS = MappingProxyType({
    0x0101: Algorithm("RSASSA-PSS with SHA-256", "rsa", "sha256", pss=True, content="sha256"),
    0x0102: Algorithm("RSASSA-PSS with SHA-512", "rsa", "sha512", pss=True, content="sha512"),
    0x0103: Algorithm("RSA with SHA-256", "rsa", "sha256", content="sha256"),
    0x0104: Algorithm("RSA with SHA-512", "rsa", "sha512", content="sha512"),
    0x0201: Algorithm("ECDSA with SHA-256", "ec", "sha256", content="sha256"),
    0x0202: Algorithm("ECDSA with SHA-512", "ec", "sha512", content="sha512"),
    0x0301: Algorithm("DSA with SHA-256", "dsa", "sha256", content="sha256"),
    0x0421: Algorithm("RSA with SHA-256 over a hash tree", "rsa", "sha256", content="verity"),
    0x0423: Algorithm("ECDSA with SHA-256 over a hash tree", "ec", "sha256", content="verity"),
    0x0425: Algorithm("DSA with SHA-256 over a hash tree", "dsa", "sha256", content="verity"),
})  # fmt: skip

# Object identifiers of PKCS#7: digests, and keys alone or together with a digest.
DIGEST_IDS = MappingProxyType({
    "1.2.840.113549.2.5": "md5", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
})  # fmt: skip
KEY_IDS = MappingProxyType({
    "1.2.840.113549.1.1.1": "rsa", "1.2.840.113549.1.1.4": "rsa", "1.2.840.113549.1.1.5": "rsa",
    "1.2.840.113549.1.1.14": "rsa", "1.2.840.113549.1.1.11": "rsa", "1.2.840.113549.1.1.12": "rsa",
    "1.2.840.113549.1.1.13": "rsa", "1.2.840.10040.4.1": "dsa", "1.2.840.10040.4.3": "dsa",
    "2.16.840.1.101.3.4.3.1": "dsa", "2.16.840.1.101.3.4.3.2": "dsa", "1.2.840.10045.2.1": "ec",
    "1.2.840.10045.4.1": "ec", "1.2.840.10045.4.3.1": "ec", "1.2.840.10045.4.3.2": "ec",
    "1.2.840.10045.4.3.3": "ec", "1.2.840.10045.4.3.4": "ec",
})  # fmt: skip

_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = MappingProxyType({
    "md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224,
    "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512,
})  # fmt: skip


def signature_holds(public_key: bytes, algorithm: Algorithm, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` over `signed` is that of this key (SubjectPublicKeyInfo, DER).

    An unreadable key, or one of another kind than the algorithm's, holds nothing.
    """
    try:
        key = load_der_public_key(public_key)
        digest = _HASHES[algorithm.digest]()
        if algorithm.key == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _padding(algorithm, digest), digest)
        elif algorithm.key == "ec" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        elif algorithm.key == "dsa" and isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, signed, digest)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _padding(algorithm: Algorithm, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.pss:
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()
