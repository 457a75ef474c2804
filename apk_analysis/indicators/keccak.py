"""Keccak-256 as Ethereum uses it: SHA-3 with the older padding, which the standard library does not have."""

from __future__ import annotations

_RATE_BYTES = 136
_MASK = (1 << 64) - 1


def _constants() -> list[int]:
    """The constants of the 24 rounds, from their shift register."""
    constants, state = [], 1
    for _ in range(24):
        value = 0
        for place in range(7):
            value |= (state & 1) << ((1 << place) - 1)
            state = state << 1 ^ (0x171 if state >> 7 else 0)
        constants.append(value)
    return constants


_ROUNDS = _constants()


def _turn(value: int, by: int) -> int:
    return (value << by | value >> (64 - by)) & _MASK if by else value


def _permute(a: list[int]) -> list[int]:
    """24 rounds over 25 lanes of 64 bits; lane (x, y) is at x + 5 * y."""
    for constant in _ROUNDS:
        columns = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        mixed = [columns[(x - 1) % 5] ^ _turn(columns[(x + 1) % 5], 1) for x in range(5)]
        a = [lane ^ mixed[place % 5] for place, lane in enumerate(a)]
        x, y, lane = 1, 0, a[1]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            place = x + 5 * y
            lane, a[place] = a[place], _turn(lane, (step + 1) * (step + 2) // 2 % 64)
        rows = [a[5 * y : 5 * y + 5] for y in range(5)]
        a = [row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK) for row in rows for x in range(5)]
        a[0] ^= constant
    return a


def keccak256(data: bytes) -> bytes:
    """The hash of `data`, 32 bytes."""
    padded = bytearray(data + b"\1" + bytes(-(len(data) + 1) % _RATE_BYTES))
    padded[-1] |= 0x80
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE_BYTES):
        for place in range(_RATE_BYTES // 8):
            lanes[place] ^= int.from_bytes(padded[start + 8 * place : start + 8 * place + 8], "little")
        lanes = _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes)[:32]
