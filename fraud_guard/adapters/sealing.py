"""Sealing: the keys of a site, all derived from its one secret, and authenticated encryption with them."""

from __future__ import annotations

import hashlib
import os

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fraud_guard.errors import IntegrityError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
VERSION = b"\x01"
_HEAD_BYTES = 1 + NONCE_BYTES
_SALT = b"fraud-guard/site-key/1"


class Keys(msgspec.Struct, frozen=True):
    """One 32-byte key a purpose; who holds one cannot compute another."""

    token: bytes
    vault: bytes
    deadletter: bytes
    log: bytes
    snapshot: bytes

    @classmethod
    def from_site_key(cls, site_key: str) -> Keys:
        """Derive all keys (HKDF-SHA256) from the site's secret."""
        secret = site_key.encode("utf-8")
        return cls(*(_derive(secret, name) for name in cls.__struct_fields__))

    def __repr__(self) -> str:
        return "Keys(…)"


class Sealer:
    """AES-256-GCM with a random 96-bit nonce: version byte, nonce, ciphertext, tag."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._nonce_key = hashlib.blake2b(b"nonce", key=key).digest()

    def seal(self, plain: bytes, aad: bytes | None = None) -> bytes:
        """Encrypt; `aad` is not stored but must be given again to unseal (binds a value to its place)."""
        return self._seal(os.urandom(NONCE_BYTES), plain, aad)

    def seal_repeatably(self, plain: bytes) -> bytes:
        """Encrypt for a file that is compared: the nonce follows from key and content, so equal contents show as equal."""
        return self._seal(hashlib.blake2b(plain, key=self._nonce_key, digest_size=NONCE_BYTES).digest(), plain, None)

    def unseal(self, sealed: bytes, aad: bytes | None = None) -> bytes:
        """The plain bytes. Raises IntegrityError for another key, place or version, and for damage."""
        if sealed[:1] != VERSION or len(sealed) < _HEAD_BYTES + TAG_BYTES:
            raise IntegrityError(
                "sealed data has an unknown version or is cut short; restore it from a backup"
            )
        try:
            return self._cipher.decrypt(sealed[1:_HEAD_BYTES], sealed[_HEAD_BYTES:], aad)
        except InvalidTag:
            raise IntegrityError(
                "sealed data does not open with this site's key; set the key it was sealed with, or restore the data"
            ) from None

    def _seal(self, nonce: bytes, plain: bytes, aad: bytes | None) -> bytes:
        return VERSION + nonce + self._cipher.encrypt(nonce, plain, aad)


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, _SALT, f"fraud-guard/{purpose}".encode()).derive(secret)
