"""Grams of a chunk of texts: the same for every neighbour, blind to filling, links one letter."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.learned.grams import LINK, NO_GRAM, fold_letters, hash_grams, sum_by_text

TABLE = np.zeros(1 << 9, np.uint16)
for _letter in "abcdefghijklmnopqrstuvwxyz":
    TABLE[ord(_letter)] = TABLE[ord(_letter.upper())] = ord(_letter)
TABLE[LINK], TABLE[-1] = LINK, 2
TEXTS = st.lists(st.text(st.sampled_from("abcXYZ .:/?1中\ud800\U0001f600"), max_size=12), max_size=6)


def letters_of(text: str) -> str:
    return "".join(map(chr, fold_letters([text], TABLE).codes.tolist()))


def test_folding_keeps_letters_alone() -> None:
    """Case, digits, blanks and signs go; what lies beyond the table becomes the one rare letter."""
    assert letters_of("A b-1 C") == "abc"
    assert letters_of("a中\U0001f600") == "a\x02\x02"
    assert letters_of("") == ""


def test_a_link_is_one_letter() -> None:
    """A host or URL becomes LINK whatever it says; a full stop after a word is none."""
    assert letters_of("go to https://a.example/x?y=1 now") == f"goto{chr(LINK)}now"
    assert letters_of("去 t.cn 看") == f"\x02{chr(LINK)}\x02"
    assert letters_of("end. start") == "endstart"
    assert letters_of("3.5") == ""


@given(TEXTS)
def test_neighbours_do_not_matter(texts: list[str]) -> None:
    """Letters, buckets and sums of a text are the same alone and in any chunk."""
    together = fold_letters(texts, TABLE)
    buckets = hash_grams(together, (1, 2, 3), 12)
    for i, text in enumerate(texts):
        alone = fold_letters([text], TABLE)
        part = slice(together.starts[i], together.starts[i + 1])
        assert together.codes[part].tolist() == alone.codes.tolist()
        for all_buckets, own in zip(buckets, hash_grams(alone, (1, 2, 3), 12), strict=True):
            assert all_buckets[part].tolist() == own.tolist()
    sums = sum_by_text(together.codes.astype(np.int32), together)
    assert sums.tolist() == [int(fold_letters([text], TABLE).codes.sum()) for text in texts]


def test_no_gram_leaves_its_text() -> None:
    """Where a gram would run into the next text its bucket is NO_GRAM; buckets stay below 2**bits."""
    letters = fold_letters(["abc", "d", ""], TABLE)
    one, three = hash_grams(letters, (1, 3), 10)
    assert (np.flatnonzero(three == NO_GRAM) == [1, 2, 3]).all()
    assert one.max() < 1 << 10
    assert (hash_grams(letters, (1,), 10, seed=1)[0] != one).any()
