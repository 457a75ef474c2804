"""A Redis client that does not wait for ever: an answer must be there in time, and whole, however it drips in.

The client's own timeout begins anew with every byte that comes.
"""

from __future__ import annotations

import time
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

_RETRIES = 3


def client(url: str, patience_s: float) -> Any:
    """A client of this server. Raises ValueError for a URL that is none.

    A connection that broke is opened again at once; who did not answer in time is not asked again, that is for the caller.
    """
    retry = Retry(ExponentialBackoff(), _RETRIES, supported_errors=(redis.ConnectionError,))
    pool: Any = redis.ConnectionPool.from_url(url, socket_timeout=patience_s, socket_connect_timeout=patience_s, retry=retry)
    pool.connection_class = type("PatientConnection", (_Patient, pool.connection_class), {"patience_s": patience_s})
    return redis.Redis.from_pool(pool)


class _Patient:
    """Before a connection class of the client, of whichever kind the URL asks for."""

    patience_s: float

    def _connect(self) -> _Socket:
        made = super()._connect()  # type: ignore[misc]
        return _Socket(made, self.patience_s)


class _Socket:
    """The socket; from the last byte sent on it gives an answer so long and no longer."""

    def __init__(self, sock: Any, patience_s: float) -> None:
        self._sock, self._patience_s = sock, patience_s
        self._begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Also begin to wait."""
        self._sock.sendall(data)
        self._begin()

    def recv_into(self, *place: Any) -> int:
        """Unless the time is over: then TimeoutError."""
        if time.monotonic() > self._deadline_s:
            raise TimeoutError("the answer drips in too slowly")
        return int(self._sock.recv_into(*place))

    def _begin(self) -> None:
        self._deadline_s = time.monotonic() + self._patience_s
