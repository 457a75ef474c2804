"""Pictures and icons as attackers make them: of any size, shape and damage, many, missing, or in several densities."""

from __future__ import annotations

import io
import struct
import zlib
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from apk_analysis.appearance.facts import Appearance
from apk_analysis.appearance.pictures import NEAR_BITS, SIDE, crops, decode, looks
from apk_analysis.appearance.reading import ALL_PICTURES_BYTES, MOST_PICTURES, read_appearance
from apk_analysis.errors import ApkError
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.facts import Icon, IconFile, Manifest
from datasets.reskin.base_app import draw_picture
from datasets.reskin.packing import pack

ICON = Icon((IconFile("res/icon.png", 320),))


def picture(seed: object, side: int = 96) -> bytes:
    """A PNG with a few shapes."""
    return draw_picture(Random(f"picture {seed}"), side)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def seen(members: dict[str, bytes], icon: Icon = ICON, **labels: str) -> Appearance:
    return read_appearance(open_archive(pack({"AndroidManifest.xml": b"x", **members})), Manifest(icon=icon, labels=labels))


def codes(found: Appearance) -> set[str]:
    return {one.code for one in found.evidence}


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims so many pixels in a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_an_icon_in_a_circle_or_with_a_rim_looks_the_same() -> None:
    """One of the crops of an icon is like one of the same icon in another shape."""
    whole = decode(picture("icon"), 192).resize((192, 192))
    rimmed = Image.new("RGBA", (240, 240))
    rimmed.alpha_composite(whole, (24, 24))
    ours, theirs = looks(crops(whole)), looks(crops(rimmed))
    assert (np.bitwise_count(ours[:, None] ^ theirs[None]).max(axis=2) <= NEAR_BITS).any()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_any_size_has_hashes(width: int, height: int, seed: int) -> None:
    """Pictures of any size give five crops of 32 by 32 and two hashes each."""
    found = crops(decode(picture(seed)).resize((width, height)))
    assert [one.shape for one in found] == [(SIDE, SIDE)] * 5
    assert looks(found).shape == (5, 2) and looks(found).dtype == np.uint64 and looks([]).shape == (0, 2)


@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 5_000))
def test_damaged_pictures_are_refused(rubbish: bytes, kind: int, place: int) -> None:
    """Whatever is made of a picture, it decodes or is refused in the package's own words."""
    whole = saved(decode(picture(1)).convert("RGB"), ("PNG", "WEBP", "JPEG", "GIF")[kind])
    place %= len(whole)
    try:
        assert max(decode(whole[:place] + rubbish + whole[place + len(rubbish) :]).size) <= 512
    except ApkError:
        assert rubbish


def test_what_an_app_shows() -> None:
    """Icon, pictures, files and names, sorted and each once; the thumbnail is a small PNG of ours."""
    found = seen({"res/icon.png": picture("icon"), "res/a.png": picture("a"), "assets/copy.png": picture("a"), "assets/t.txt": b"t" * 99}, en="Bank", zh="银行")
    assert len(found.icon) == 5 and len(found.images) == 2 and len(found.files) == 3
    assert found.labels == ("Bank", "银行") and found.evidence == () == found.limits_hit
    assert Image.open(io.BytesIO(found.icon_png)).size == (96, 96)


def test_code_and_signature_are_no_resources() -> None:
    """The set of files does not change with code, libraries, manifest and signature."""
    base = {"assets/t.txt": b"t" * 99}
    more = dict.fromkeys(("classes.dex", "classes2.dex", "lib/arm64-v8a/x.so", "META-INF/CERT.RSA", "resources.arsc", "kotlin/k"), b"c" * 99)
    assert np.array_equal(seen(base).files, seen(base | more).files)


def test_of_densities_the_largest_counts_once() -> None:
    """One picture in several densities is one."""
    found = seen({f"res/drawable-{name}/a.png": picture("a", side) for name, side in (("mdpi", 48), ("hdpi", 72), ("xhdpi", 96))})
    assert len(found.images) == 1


def test_an_adaptive_icon_is_put_together() -> None:
    """Background colour and foreground picture give the icon; a drawing in XML is told."""
    layers = Icon((IconFile("res/icon.xml"),), background=("#ff112233",), foreground=("res/front.png",), adaptive=True)
    assert len(seen({"res/front.png": picture("f")}, layers).icon) == 5
    drawn = seen({"res/icon.xml": b"<vector/>"}, Icon((IconFile("res/icon.xml"),)))
    assert len(drawn.icon) == 0 and codes(drawn) == {"icon_drawn"}


@pytest.mark.parametrize("content", [b"", b"no picture" * 20, bomb(50_000, 50_000), picture("x")[:300]])
def test_a_bad_icon_is_evidence(content: bytes) -> None:
    """An icon that cannot be read is evidence, and all else is read."""
    found = seen({"res/icon.png": content, "res/b.png": picture("b")})
    assert "icon_unreadable" in codes(found) and found.icon_png == b"" and len(found.images) == 1


def test_a_missing_icon_is_evidence() -> None:
    """A manifest that names an icon that is not there is told; one that names none is not."""
    assert codes(seen({})) >= {"icon_unreadable"}
    assert codes(seen({}, Icon())) == set()


def test_many_pictures_are_read_up_to_a_limit() -> None:
    """More pictures than the limit leave a note that some were not read."""
    some = saved(decode(picture("m")).resize((24, 24)), "BMP")
    assert MOST_PICTURES * len(some) < ALL_PICTURES_BYTES
    found = seen({f"assets/{number}.bmp": some for number in range(MOST_PICTURES + 1)})
    assert found.limits_hit == ("pictures",) and len(found.images) == 1
