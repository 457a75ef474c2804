"""What a likeness means, and the words for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.code.facts import Module, no_hashes
from apk_analysis.reskin.compare import DOUBTFUL, SURE, Likeness, compare
from apk_analysis.reskin.fingerprint import Fingerprint
from apk_analysis.reskin.relation import differences, in_words, matched_modules, relation_of
from tests.prints import app, hashes

CALLED = {"reskin", "repackaged", "same_code"}


@pytest.mark.parametrize(
    ("likeness", "label", "relation"),
    [
        ({"probability": 0.9}, "scam", "reskin"), ({"probability": 0.9}, "good", "repackaged"), ({"probability": 0.9}, "", "same_code"),
        ({"probability": 0.5}, "scam", "ambiguous"), ({"probability": 0.1}, "scam", "unrelated"),
        ({"probability": 0.9, "same_public_key": True}, "scam", "ambiguous"), ({"probability": 0.9, "same_signer": True}, "scam", "same_maker"),
        ({"probability": 0.9, "same_signer": True, "same_package": True}, "scam", "update"),
        ({"probability": 0.1, "same_signer": True, "same_package": True}, "scam", "update"), ({"probability": 0.1, "same_signer": True}, "scam", "unrelated"),
    ],
)  # fmt: skip
def test_what_a_likeness_means(likeness: dict[str, Any], label: str, relation: str) -> None:
    """By how sure it is, who signed, and what the other app is known to be."""
    assert relation_of(Likeness(**likeness), label) == relation


@given(st.floats(0, 1), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["scam", "good", ""]))
def test_a_maker_is_never_accused_of_copying_itself(probability: float, signer: bool, public: bool, package: bool, label: str) -> None:
    """Copying is said only of sure code under another key that is not everybody's."""
    relation = relation_of(Likeness(probability=probability, same_signer=signer, same_public_key=public, same_package=package), label)
    assert (relation in CALLED) == (probability >= SURE and not signer and not public)
    assert relation != "ambiguous" or probability >= DOUBTFUL


def told(a: Fingerprint, b: Fingerprint) -> tuple[set[str], set[str]]:
    differs, same = differences(a, b, compare(a, b, no_hashes()))
    return set(differs), set(same)


def test_what_differs_and_what_is_the_same() -> None:
    """Each fact that both have is on one side; what one of them lacks is on none."""
    a = app("a", hosts=("x.example",), app_ids=("uni:1",))
    assert told(a, app("b", code="a", hosts=("x.example",), app_ids=("uni:1",))) == ({"label", "icon", "package", "certificate"}, {"hosts", "app_id"})
    assert told(a, a) == (set(), {"label", "icon", "package", "certificate", "hosts", "app_id"})
    assert told(a, Fingerprint("0" * 64)) == (set(), set())


def test_modules_are_matched_by_their_methods() -> None:
    """A renamed package is matched with the one that has its methods, the largest match first; strangers are left out."""
    a = app("a", modules=(Module("x.small", hashes("s", 5)), Module("x.core", hashes("c", 30)), Module("x.new", hashes("n", 9))))
    b = app("b", modules=(Module("y.aa", hashes("c", 30)), Module("y.ab", hashes("s", 5))))
    assert [(one.name, one.other_name, one.methods, one.identical) for one in matched_modules(a, b)] == [("x.core", "y.aa", 30, 30), ("x.small", "y.ab", 5, 5)]
    assert matched_modules(a, app("c")) == ()


def test_the_words_say_how_much_and_what() -> None:
    """Shares, counts and differences stand in both languages; of a packed app it is said that its code was not compared."""
    a, b = app("a"), app("b", code="a")
    likeness = compare(a, b, no_hashes())
    zh, en = in_words(a, likeness, "reskin", ("label", "icon"))
    assert "100%" in en and "80 own methods" in en and "8 of 8 images" in en and "different: label, icon" in en
    assert "换壳" in zh and "不同：名称、图标" in zh
    packed = app("c", shell_only=True)
    assert "加壳" in in_words(packed, compare(packed, b, no_hashes()), "ambiguous", ())[0]
