"""Addresses of wallets, told from other words by their own check sums."""

from __future__ import annotations

import hashlib
import re

from apk_analysis.indicators.keccak import keccak256

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_BASE58)}
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_ETHEREUM = re.compile(r"0[xX]([0-9a-fA-F]{40})")


def wallet_kind(word: str) -> str:
    """`wallet-btc`, `wallet-eth` or `wallet-tron`; empty when the word is no address or its check sum is wrong."""
    if 26 <= len(word) <= 35 and word[0] in "13T":
        return _of_base58(word)
    if word[:3].lower() == "bc1" and 42 <= len(word) <= 62:
        return "wallet-btc" if is_bech32(word) else ""
    if len(word) == 42 and (hit := _ETHEREUM.fullmatch(word)):
        return "wallet-eth" if _is_ethereum(hit[1]) else ""
    return ""


def _of_base58(word: str) -> str:
    number = 0
    for letter in word:
        if letter not in _VALUES:
            return ""
        number = number * 58 + _VALUES[letter]
    if number >= 1 << 200:
        return ""
    body = number.to_bytes(25, "big")
    if _digest(body[:21]) != body[21:]:
        return ""
    return {0x00: "wallet-btc", 0x05: "wallet-btc", 0x41: "wallet-tron"}.get(body[0], "")


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4]


def is_bech32(word: str) -> bool:
    """Whether the check sum of a bech32 or bech32m address of Bitcoin holds."""
    if word.lower() != word and word.upper() != word:
        return False
    values = [_BECH32.find(letter) for letter in word.lower()[3:]]
    if -1 in values:
        return False
    check = 1
    for value in [3, 3, 0, 2, 3, *values]:     # "bc", spread
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            check ^= generator if top >> place & 1 else 0
    return check in {1, 0x2BC830A3}


def _is_ethereum(digits: str) -> bool:
    """Whether the capitals are right; an address in one case has no check sum, and must not be a mere pattern."""
    if digits in {digits.lower(), digits.upper()}:
        return len(set(digits.lower())) > 8
    hashed = keccak256(digits.lower().encode()).hex()
    return all(letter.isdigit() or letter.isupper() == (int(hashed[place], 16) >= 8) for place, letter in enumerate(digits))
