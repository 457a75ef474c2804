"""A fingerprint keeps what two apps are compared by, small, and comes back from its bytes as it went."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.appearance.facts import Appearance
from apk_analysis.certificate.results import Signatures
from apk_analysis.code.facts import Code, Framework, Module
from apk_analysis.errors import UnreadableMember
from apk_analysis.manifest.facts import Manifest
from apk_analysis.reskin.channels import keys_of
from apk_analysis.reskin.compare import compare
from apk_analysis.reskin.fingerprint import (
    EVERYTHING,
    Fingerprint,
    Sketch,
    decode,
    encode,
    fingerprint_of,
    sketch,
)
from tests.prints import app, hashes, looks

UNSIGNED = Signatures(False, False, (), (), ())
SETS = st.lists(st.integers(0, (1 << 64) - 1), max_size=60).map(lambda values: np.array(values, np.uint64))


def equal(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether all is the same; arrays cannot be compared with `==`."""
    return encode(a) == encode(b)


@given(SETS, st.integers(1, 40))
def test_a_sketch_keeps_the_lowest(values: np.ndarray, most: int) -> None:
    """The lowest values, sorted, each once; all of them up to the bound, and how many there were."""
    made, unique = sketch(values, most), sorted({int(one) for one in values})
    assert made.values.tolist() == unique[:most]
    assert [one for one in unique if one <= made.bound] == unique[:most]
    assert made.size == len(unique) and (made.bound == EVERYTHING or len(unique) > most)


@given(st.text(max_size=8), SETS, st.booleans())
def test_a_fingerprint_comes_back(label: str, values: np.ndarray, shell: bool) -> None:
    """Encoding and decoding change nothing, shapes and types of arrays included."""
    before = app("x", label=label, methods=sketch(values), shell_only=shell)
    after = decode(encode(before))
    assert equal(before, after)
    assert after.methods.values.dtype == np.uint64 and after.images.shape == before.images.shape


def test_an_empty_fingerprint_comes_back() -> None:
    """Of an app of which nothing is known there is a fingerprint too."""
    assert equal(decode(encode(Fingerprint("0" * 64))), Fingerprint("0" * 64))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_fingerprint(data: bytes) -> None:
    """Any bytes are refused in the package's own words."""
    with pytest.raises(UnreadableMember):
        decode(data)


@given(st.integers(0, 100_000), st.integers(0, 255))
def test_a_damaged_fingerprint(place: int, value: int) -> None:
    """One changed byte gives a fingerprint or is refused, nothing else."""
    data = bytearray(encode(app("x")))
    data[place % len(data)] = value
    with suppress(UnreadableMember):
        found = decode(bytes(data))
        assert compare(found, app("y"), keys_of(found).values).probability >= 0.0


@pytest.mark.parametrize(
    "lie",
    [
        {"images": hashes("x", 4)}, {"icon": hashes("x", 6).reshape(2, 3)}, {"images": hashes("x", 2_000).reshape(-1, 2)}, {"methods": Sketch(looks("x", 4))},
        {"grams": Sketch(hashes("x", 9)[::-1])}, {"files": Sketch(hashes("x", 9), -1)}, {"layouts": Sketch(hashes("x", 9), -(1 << 63))},
        {"methods": Sketch(hashes("x", 5_000))}, {"modules": (Module("m", looks("x", 2)),)}, {"images": {"rows": [1, 2]}}, {"images": {"rows": [1 << 63], "data": b""}},
        {"images": [1]}, {"images": {"rows": [-2, -3], "data": bytes(16)}},
    ],
)  # fmt: skip
def test_a_lie_is_no_fingerprint(lie: dict[str, Any]) -> None:
    """Arrays of another shape, size or order than ours are refused, before anything is compared with them."""
    with pytest.raises(UnreadableMember):
        decode(encode(app("x", **lie)))


def test_another_version_is_refused() -> None:
    """Fingerprints of two versions cannot be compared; the words say what to do."""
    with pytest.raises(UnreadableMember, match="make the index anew"):
        decode(encode(app("x", version=99)))


OWN, THEIRS = Module("com.scam.core", hashes("own", 30)), Module("androidx.core", hashes("androidx", 500))


def made(code: Code, **fields: object) -> Fingerprint:
    return fingerprint_of("0" * 64, msgspec.structs.replace(Manifest(), **fields), UNSIGNED, code, Appearance())


def test_libraries_known_by_name_are_left_out() -> None:
    """Methods of packages that everybody ships are not in the fingerprint."""
    found = made(Code(modules=(THEIRS, OWN)))
    assert np.array_equal(found.methods.values, OWN.method_hashes)
    assert [one.name for one in found.modules] == ["com.scam.core"]


def test_a_shell_is_no_code() -> None:
    """Of a packed app the packer's code is not taken for its own."""
    found = made(Code(modules=(OWN,), own_grams=hashes("grams", 50), shell_only=True))
    assert found.shell_only and not found.methods.size and not found.grams.size and not found.modules


def test_a_fingerprint_is_small() -> None:
    """However large the app, a few tens of kilobytes, with only as many hosts and modules as fit."""
    modules = tuple(Module(f"com.own.m{i}", hashes(i, 2_000)) for i in range(100))
    code = Code(modules=modules, own_grams=hashes("g", 90_000))
    whole = fingerprint_of("0" * 64, Manifest(), UNSIGNED, code, Appearance(), (f"h{i}.example" for i in range(999)))
    assert len(encode(whole)) < 100_000
    assert (len(whole.hosts), len(whole.modules)) == (64, 32)


def test_names_and_app_ids() -> None:
    """The label is kept as written and made comparable; the label of the icon goes before the manifest's."""
    found = made(Code(frameworks=(Framework("uni-app", "__UNI__1"), Framework("Flutter"))), labels={"": "恆盈 投資"})
    assert (found.label, found.name, found.app_ids, found.frameworks) == ("恆盈 投資", "恒盈投资", ("uni-app:__UNI__1",), ("uni-app", "Flutter"))
    shown = fingerprint_of("0" * 64, Manifest(labels={"": "a"}), UNSIGNED, Code(), Appearance(labels=("b",)))
    assert shown.label == "b"
