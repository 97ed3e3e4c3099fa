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
_ASKED = 60.0
"""Seconds after which a connection that listens is asked whether it is still one: nothing else is ever sent over it."""


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
        self._ask_at = 0.0
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

    def attach(self, selector: selectors.BaseSelector, callback: Callable[[str, str], None]) -> float:
        """Connect when that is due, or see whether what there is still works; seconds until the next call."""
        import psycopg

        if self._hears is not None and self._still_hears(selector, callback):
            return max(0.0, self._ask_at - time.monotonic())
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
        self._ask_at = time.monotonic() + _ASKED
        return _ASKED

    def _still_hears(self, selector: selectors.BaseSelector, callback: Callable[[str, str], None]) -> bool:
        """Ask the server when that is due; a connection that has died, or over which nothing comes, is given up."""
        import psycopg

        if time.monotonic() < self._ask_at:
            return True
        if (hears := self._hears) is None:
            return False
        number = hears.fileno()
        try:
            hears.execute("SELECT 1")
        except psycopg.Error:
            selector.unregister(number)
            self._drop_hearer()
            return False
        self._ask_at = time.monotonic() + _ASKED
        self.receive(selector, callback)  # what came before the answer has been read by now
        return self._hears is not None

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
        from penstock.state.address import parsed
        from penstock.state.opening import server_options
        from penstock.state.server_connection import PatientConnection

        url = parsed(self._url)
        given = url.translate_connect_args(username="user", database="dbname")
        return PatientConnection.connect(**{**server_options(url), **given, **url.query}, autocommit=True)
