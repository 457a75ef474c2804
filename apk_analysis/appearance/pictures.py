"""Decodes pictures that an attacker chose, small and within limits, and hashes what they show."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from apk_analysis.code.mixing import Hashes
from apk_analysis.errors import LimitExceeded, UnreadableMember

FORMATS = ("PNG", "WEBP", "JPEG", "GIF", "BMP")
MOST_PIXELS = 16_000_000
SIDE, KEPT, CROPS = 32, 8, 5
NEAR_BITS = 10
"""Of 64, in pHash and dHash: re-encoded, resized or recoloured."""
LEAST_CROPS = 2
LEAST_SPREAD = 4.0
"""Standard deviation of the grey values, of 255: below it a picture shows nothing."""
DAMAGED = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error, zlib.error,
)  # fmt: skip
"""What the decoders raise on damaged pictures."""
Grey = NDArray[np.float32]


def decode(data: bytes, most_side: int = 512) -> Image.Image:
    """The picture as RGBA, at most `most_side` wide and high.

    Raises UnreadableMember for what is no picture, and LimitExceeded, before any pixel is unpacked, for one with too many.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            flood = image.width * image.height > MOST_PIXELS
            image.draft("RGB", (most_side, most_side))
            whole = image if flood else image.convert("RGBA")
    except Image.DecompressionBombError as flood_told:
        raise LimitExceeded("pixels", str(flood_told)) from flood_told
    except DAMAGED as broken:
        raise UnreadableMember(f"not a picture: {type(broken).__name__}") from broken
    if flood:
        raise LimitExceeded("pixels", f"{image.width} x {image.height}")
    whole.thumbnail((most_side, most_side))
    return whole


def grey(image: Image.Image) -> Grey:
    """The picture on white, 32 x 32, in grey values."""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return np.asarray(white.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def shows_something(picture: Grey) -> bool:
    """Whether it is more than one colour."""
    return bool(picture.std() >= LEAST_SPREAD)


def looks(pictures: list[Grey]) -> Hashes:
    """PHash and dHash of each picture, shape (n, 2)."""
    if not pictures:
        return np.empty((0, 2), np.uint64)
    stack = np.stack(pictures)
    frequencies = _cosines() @ stack @ _cosines().T
    low = frequencies[:, :KEPT, :KEPT].reshape(len(stack), -1)
    middle = np.median(low[:, 1:], axis=1, keepdims=True)
    rows = stack.reshape(len(stack), KEPT, SIDE // KEPT, SIDE).mean(axis=2)
    edges = np.linspace(0, SIDE, KEPT + 2).astype(int)
    columns = np.stack([rows[:, :, a:b].mean(axis=2) for a, b in pairwise(edges.tolist())], axis=2)
    return np.stack([_packed(low > middle), _packed((columns[:, :, 1:] > columns[:, :, :-1]).reshape(len(stack), -1))], axis=1)


def near(a: Hashes, b: Hashes) -> NDArray[np.bool_]:
    """Which of `a`, shape (n, 2), show what which of `b`, shape (m, 2), show: shape (n, m)."""
    alike: NDArray[np.bool_] = (np.bitwise_count(a[:, None, :] ^ b[None, :, :]) <= NEAR_BITS).all(axis=2)
    return alike


def same_icon(a: Hashes, b: Hashes) -> bool:
    """Whether two icons, each as its crops, show the same: two crops are alike, for one may be by chance (all circles are round)."""
    return bool(near(a, b).sum() >= LEAST_CROPS)


def crops(image: Image.Image) -> list[Grey]:
    """An icon as launchers show it: whole, its middle, without an empty rim, in a circle, and its edges."""
    width, height = image.size
    inner = image.crop((width // 10, height // 10, width - width // 10, height - height // 10))
    trimmed = image.crop(image.getchannel("A").getbbox() or (0, 0, width, height))
    circle = Image.new("L", image.size, 0)
    ImageDraw.Draw(circle).ellipse((0, 0, width - 1, height - 1), fill=255)
    round_one = image.copy()
    round_one.putalpha(Image.composite(image.getchannel("A"), Image.new("L", image.size, 0), circle))
    whole = grey(image)
    down, right = np.gradient(whole)
    rim = np.hypot(down, right).astype(np.float32)
    return [whole, grey(inner), grey(trimmed), grey(round_one), rim * (255 / max(float(rim.max()), 1.0))]


def _packed(bits: NDArray[np.bool_]) -> Hashes:
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")[:, 0].astype(np.uint64)


@cache
def _cosines() -> Grey:
    """The matrix of the discrete cosine transform of 32 values."""
    place, frequency = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    return np.cos(np.pi * (2 * place + 1) * frequency / (2 * SIDE)).astype(np.float32)
