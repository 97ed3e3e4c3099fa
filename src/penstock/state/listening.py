"""Messages over PostgreSQL: LISTEN and NOTIFY, on two connections of their own that come back after an outage."""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

MISSED = "missed"
"""The topic that says: messages may have been lost, look at everything."""

_CHANNEL = "penstock"
_AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before the first, the second, ... attempt to connect again."""


class ServerChannel:
    """One channel of a PostgreSQL database.

    Args:
        url: the address of the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._hears: psycopg.Connection[Any] | None = None
        self._says: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()
        self._failures = 0
        self._due = 0.0
        self._heard_before = False

    def publish(self, topic: str, text: str) -> bool:
        """Send a message; False when the database is away."""
        import psycopg

        with self._lock:
            for _ in range(2):  # a connection that has died meanwhile is made anew once
                try:
                    if self._says is None or self._says.closed:
                        self._says = self._connected()
                    self._says.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, f"{topic}\n{text}"))
                except psycopg.Error:
                    self._drop_sender()
                else:
                    return True
        return False

    def attach(self, selector: selectors.BaseSelector, callback: Callable[[str, str], None]) -> float | None:
        """Connect when that is due; the seconds after which to call again, None while there is a connection."""
        import psycopg

        if self._hears is not None:
            return None
        if (left := self._due - time.monotonic()) > 0:
            return left
        try:
            made = self._connected()
            made.execute(f"LISTEN {_CHANNEL}")
        except psycopg.Error:
            wait = _AGAIN[min(self._failures, len(_AGAIN) - 1)]
            self._failures += 1
            self._due = time.monotonic() + wait
            return wait
        self._hears, self._failures = made, 0
        selector.register(made.fileno(), selectors.EVENT_READ, "server")
        if self._heard_before:
            callback(MISSED, "")
        self._heard_before = True
        return None

    def receive(self, selector: selectors.BaseSelector, callback: Callable[[str, str], None]) -> None:
        """Call back for what has come in; gives up a connection that has died, for `attach` to make anew."""
        import psycopg

        if self._hears is None:
            return
        number = self._hears.fileno()
        try:
            found = list(self._hears.notifies(timeout=0))
        except psycopg.Error:
            selector.unregister(number)
            self._drop_hearer()
            return
        for notice in found:
            topic, _, text = notice.payload.partition("\n")
            callback(topic, text)

    def close(self) -> None:
        """Close both connections."""
        with self._lock:
            self._drop_sender()
        self._drop_hearer()

    def _drop_sender(self) -> None:
        if self._says is not None:
            self._says.close()
        self._says = None

    def _drop_hearer(self) -> None:
        if self._hears is not None:
            self._hears.close()
        self._hears = None

    def _connected(self) -> psycopg.Connection[Any]:
        import psycopg

        from penstock.state.address import parsed
        from penstock.state.opening import server_options

        url = parsed(self._url)
        given = url.translate_connect_args(username="user", database="dbname")
        return psycopg.connect(**{**server_options(url), **given, **url.query}, autocommit=True)
