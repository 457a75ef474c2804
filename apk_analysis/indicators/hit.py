"""Something found in a piece of data, before it is weighed."""

from __future__ import annotations

import msgspec


class Hit(msgspec.Struct, frozen=True):
    """Something found: `factor` (0 to 1) is how sure its kind is by itself."""

    type: str
    value: str
    factor: float = 1.0
