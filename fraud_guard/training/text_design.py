"""The training set of the text model as columns: grams of each message, as it is and disguised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from datasets.wording.obfuscation import How, obfuscate
from fraud_guard.learned.grams import fold_letters
from fraud_guard.learned.text_model import TextSpec, grams, latin_share
from fraud_guard.training.letter_tables import letter_table, sound_table
from fraud_guard.training.linear import gram_rows
from fraud_guard.training.messages import OWN, PHRASES, Message

DISGUISES: tuple[How, ...] = ("homophone", "radical", "mixed")
"""Disguises that folding does not undo; symbols, script variants and emoji vanish anyway."""
LATIN = 3.0
"""How easily the share of Latin letters is learned, which stands in the column of `NO_GRAM`."""
DISGUISED_SHARE = 0.2
"""Share of the characters that a disguise changes."""

_MASS = {
    ("fbs", 1): 1.5, ("taf", 1): 1.0, ("uci_sms", 1): 0.3, (OWN, 1): 4.0, (PHRASES, 1): 2.0,
    ("fbs", 0): 2.0, ("nus_zh", 0): 0.6, ("taf", 0): 0.7, ("uci_sms", 0): 0.7, (OWN, 0): 4.0,
}  # fmt: skip
"""How much each source counts, whatever its number of rows. Own wording is nearest to the field."""
_DOMAINS = {"fbs": 0, "nus_zh": 0, "taf": 1, "uci_sms": 2, OWN: 3, PHRASES: 3}
DOMAINS = 4
DECIDING_DOMAINS = (0, 2, 3)
"""What is special to short messages, to English and to our wording counts at run time; to dialogues it does not."""


class Design(NamedTuple):
    """Columns of a training set, one row a message.

    `rows`, `disguised`: grams of the texts as they are and disguised. `source`, `domain`, `label`,
    `fold`, `weight`: see `Message`; `weight` has mean 1.
    """

    messages: tuple[Message, ...]
    rows: sparse.csr_matrix
    disguised: sparse.csr_matrix
    source: NDArray[np.str_]
    domain: NDArray[np.int64]
    label: NDArray[np.int64]
    fold: NDArray[np.int64]
    weight: NDArray[np.float64]


def text_rows(texts: Sequence[str], spec: TextSpec, bits: int) -> sparse.csr_matrix:
    """One row a text: its grams in 2**`bits` columns, as the model of `spec` sees them."""
    letters = fold_letters(texts, letter_table())
    shift = np.uint32(spec.bits - bits)
    buckets = [bucket >> shift for bucket in grams(letters, sound_table().astype(np.uint32), spec)]
    return gram_rows(letters, buckets, 1 << bits)


def scam_rows(texts: Sequence[str], spec: TextSpec) -> sparse.csr_matrix:
    """One row a text: its grams, and in column 0 the share of its Latin letters times `LATIN`."""
    share = LATIN * latin_share(fold_letters(texts, letter_table())).astype(np.float32)
    latin = sparse.csr_matrix(
        (share, (np.arange(len(texts)), np.zeros(len(texts), np.int64))), (len(texts), 1 << spec.bits)
    )
    rows = (text_rows(texts, spec, spec.bits) + latin).tocsr()
    rows.eliminate_zeros()
    return rows


def disguised(texts: Sequence[str], seed: int, ways: Sequence[How] = DISGUISES) -> list[str]:
    """`texts`, each in one of the disguises `ways`."""
    rng = np.random.default_rng(seed)
    return [obfuscate(text, rng, ways[i % len(ways)], DISGUISED_SHARE) for i, text in enumerate(texts)]


def design_of(messages: Sequence[Message], spec: TextSpec, seed: int) -> Design:
    """The columns of `messages`."""
    texts = [message.text for message in messages]
    source = np.array([message.source for message in messages])
    label = np.array([message.label for message in messages], np.int64)
    return Design(
        tuple(messages),
        scam_rows(texts, spec),
        scam_rows(disguised(texts, seed), spec),
        source,
        np.array([_DOMAINS[name] for name in source.tolist()], np.int64),
        label,
        np.array([message.fold for message in messages], np.int64),
        _weights(source, label),
    )


def _weights(source: NDArray[np.str_], label: NDArray[np.int64]) -> NDArray[np.float64]:
    weights = np.zeros(len(label))
    for (name, value), mass in _MASS.items():
        here = (source == name) & (label == value)
        weights[here] = mass / max(int(here.sum()), 1)
    return np.asarray(weights * len(label) / weights.sum(), np.float64)
