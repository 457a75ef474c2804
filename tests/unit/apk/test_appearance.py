"""What an app looks like: icons, pictures and their limits."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from apk_analysis.appearance.pictures import NEAR_BITS, crops, decode, grey, looks, shows_something
from apk_analysis.appearance.reading import read_appearance
from apk_analysis.errors import LimitExceeded, UnreadableMember
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.facts import Icon, IconFile, Manifest
from tests.archives import Member, archive

NO_ICON = Icon()


def colour(chance: np.random.Generator) -> tuple[int, ...]:
    return (*chance.integers(0, 255, 3).tolist(), 255)


def drawing(seed: int, side: int = 96) -> Image.Image:
    """A picture of a few coarse shapes."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGBA", (side, side), colour(chance))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, w, h = (int(v) for v in chance.integers(0, side // 2, 4))
        draw.ellipse((x, y, x + w + 8, y + h + 8), fill=colour(chance))
    return image


def data_of(image: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    buffer = io.BytesIO()
    (image.convert("RGB") if kind == "JPEG" else image).save(buffer, kind, **how)
    return buffer.getvalue()


def bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).max())


def appearance(members: dict[str, bytes], icon: Icon = NO_ICON):
    return read_appearance(open_archive(archive(*(Member(name.encode(), content) for name, content in members.items()))), Manifest(icon=icon, labels={"": "甲", "zh": "乙"}))


@pytest.mark.parametrize("change", ["resized", "jpeg", "webp"])
def test_a_picture_keeps_its_looks(change: str) -> None:
    """Resizing and other formats leave the hashes near."""
    image = drawing(1)
    other = {
        "resized": lambda: data_of(image.resize((61, 61))), "jpeg": lambda: data_of(image, "JPEG", quality=40), "webp": lambda: data_of(image, "WEBP"),
    }[change]()  # fmt: skip
    ours, theirs = looks([grey(decode(data_of(image))), grey(decode(other))])
    assert bits(ours, theirs) <= NEAR_BITS


def test_unrelated_pictures_look_different() -> None:
    """Of forty pictures no two are near."""
    found = looks([grey(drawing(n)) for n in range(40)])
    assert all(bits(found[i], found[j]) > NEAR_BITS for i in range(40) for j in range(i))


def test_a_flood_of_pixels_is_refused_by_its_header() -> None:
    """A PNG that claims 60,000 x 60,000 pixels is not decoded."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    body = b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    )
    flood = b"\x89PNG\r\n\x1a\n" + body
    with pytest.raises(LimitExceeded):
        decode(flood)
    found = appearance({"res/flood.png": flood})
    assert [one.code for one in found.evidence] == ["picture_flood"]
    assert not len(found.images)


@pytest.mark.parametrize("data", [b"", b"no picture", data_of(drawing(3))[:60]], ids=["empty", "text", "cut"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Damaged pictures raise the package's own error."""
    with pytest.raises(UnreadableMember):
        decode(data)


def test_an_icon_is_read_from_its_largest_file() -> None:
    """Hashes of five crops, a small PNG for reports, and the labels with the default first."""
    icon = Icon(files=(IconFile("res/a.png", 160), IconFile("res/b.png", 640)))
    found = appearance({"res/a.png": data_of(drawing(4)), "res/b.png": data_of(drawing(5))}, icon)
    assert (found.icon == looks(crops(decode(data_of(drawing(5))).resize((192, 192))))).all()
    assert found.icon.shape == (5, 2)
    assert found.icon_png.startswith(b"\x89PNG")
    assert found.labels == ("甲", "乙")


def test_a_colour_behind_a_drawing_is_no_icon() -> None:
    """An adaptive icon with a drawing in XML on a plain colour tells nothing: thousands of apps have that colour."""
    found = appearance({"res/fg.xml": b"<vector/>"}, Icon(adaptive=True, foreground=("res/fg.xml",), background=("#ffffffff",)))
    assert not len(found.icon)
    assert [one.code for one in found.evidence] == ["icon_drawn"]


def test_a_picture_of_one_colour_shows_nothing() -> None:
    """It is left out, or all apps with a blank picture would be alike."""
    assert not shows_something(grey(Image.new("RGBA", (64, 64), "red")))
    assert not len(appearance({"res/red.png": data_of(Image.new("RGBA", (64, 64), "red"))}).images)
