"""The tables that fold letters and sounds: built from the door's folding, frozen in the artefact.

They travel with the weights, so a later change of the door's tables cannot change what an old model
sees.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fraud_guard.door.folding import fold
from fraud_guard.learned.grams import LINK
from fraud_guard.learned.text_model import CODE_POINTS, LETTER_CLASSES

_FOLDED_BELOW = 0x1FB00
_RARE = 2
"""Letter class of everything beyond the table."""
_FIRST_SOUND = 40_000


@lru_cache(maxsize=1)
def letter_table() -> NDArray[np.uint16]:
    """Code point → letter class: the plainest form of the letter, 0 for what is no letter."""
    table = np.zeros(CODE_POINTS, np.uint16)
    for code in range(_FOLDED_BELOW):
        letters = fold(chr(code)).strip("[]")
        table[code] = _letter_class(ord(letters[0])) if letters else 0
    table[0], table[LINK], table[-1] = 0, LINK, _RARE
    return table


def _letter_class(code: int) -> int:
    return code if code < LETTER_CLASSES else _RARE


@lru_cache(maxsize=1)
def sound_table() -> NDArray[np.uint16]:
    """Letter class → class of its sound: homophones share one (toneless pinyin), others keep their own."""
    table = np.arange(LETTER_CLASSES, dtype=np.uint16)
    text = (files("fraud_guard.training") / "tables" / "sounds.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    for number, row in enumerate(rows):
        for character in row["characters"]:
            table[ord(character)] = _FIRST_SOUND + number
    return table
