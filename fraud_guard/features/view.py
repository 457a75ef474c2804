"""What features are computed from; what several of them need is worked out once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.features import calls, decay
from fraud_guard.features.strangers import Strangers

Floats = npt.NDArray[np.float64]


class View:
    """One element a row: gathered heads (dtype HEAD), the time of evaluation (epoch ms), unrolled rings."""

    def __init__(self, h: np.ndarray, now_ms: npt.NDArray[np.int64], events: np.ndarray) -> None:
        self.h, self.now_ms, self._events = h, now_ms, events
        self._strangers: Strangers | None = None
        self._in_call: npt.NDArray[np.bool_] | None = None
        self._worth: dict[int, Floats] = {}

    @property
    def in_call(self) -> npt.NDArray[np.bool_]:
        """Whether a call is in progress."""
        if self._in_call is None:
            self._in_call = calls.in_call(self.h, self.now_ms)
        return self._in_call

    @property
    def strangers(self) -> Strangers:
        """Contacts with strangers of late."""
        if self._strangers is None:
            self._strangers = Strangers(self._events, self.now_ms)
        return self._strangers

    def worth(self, window: int) -> Floats:
        """What the unit of a counter of this window is worth now."""
        if window not in self._worth:
            self._worth[window] = decay.worth(self.now_ms, self.h["mark_s"], window)
        return self._worth[window]
