"""Fills the slots of templates: one text from given values, or a column of texts by draws.

The slots and their values are told by `slots.SLOTS`. A slot that occurs twice in a text
gets the same value in both places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from datasets.wording.slots import draw
from datasets.wording.templates import SLOT, Template


def filled(template: Template, values: Mapping[str, str]) -> str:
    """The text with `values` in its slots; `ValueError` names the slots that have none."""
    if missing := [slot for slot in template.slots if slot not in values]:
        raise ValueError(f"{template.id}: no value for {', '.join(missing)} — give one for each of its slots")
    return SLOT.sub(lambda match: values[match[1]], template.text)


def fill_many(
    template: Template, rng: np.random.Generator, n: int, links: Sequence[str] | None = None
) -> list[str]:
    """`n` texts of one template with values drawn from `rng`; `links` is the pool of its links.

    `ValueError` when the template needs a link and there is none.
    """
    if template.link and not links:
        raise ValueError(f"{template.id}: needs links — pass the links its sender uses")
    form, order = _form(template.text)
    if not order:
        return [form % ()] * n
    columns = {slot: _column(slot, template, rng, n, links or ()) for slot in template.slots}
    return [form % row for row in zip(*(columns[slot] for slot in order), strict=True)]


def _column(
    slot: str, template: Template, rng: np.random.Generator, n: int, links: Sequence[str]
) -> list[str]:
    if slot == "link":
        return [links[i] for i in rng.integers(0, len(links), n).tolist()]
    return draw(slot, rng, n, scam=bool(template.scam_type))


@lru_cache(maxsize=4_096)
def _form(text: str) -> tuple[str, tuple[str, ...]]:
    """The text as a %-format and its slots in order of use."""
    return SLOT.sub("%s", text.replace("%", "%%")), tuple(SLOT.findall(text))
