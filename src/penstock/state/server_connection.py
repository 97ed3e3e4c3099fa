"""Connections to PostgreSQL that give up a server which says nothing any more.

The system notices a machine that has gone, but not a proxy or a server that keeps a connection open and is silent.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

from penstock.state.patience import Patience


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed, with an error for whoever waits, when the server was silent for too long."""

    patience = Patience(10.0)
    """How long the server may be silent; set it to have the connection follow another one."""

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """What the driver waits with, for every statement."""
        return super().wait(self._limited(gen), *args, **options)

    def _limited(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        # The driver comes by here each tenth of a second without an answer: only then is a clock looked at.
        silent_since = 0.0
        ready = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as done:
                return done.value
            ready = yield wanted
            if ready:
                silent_since = 0.0
                continue
            now = time.monotonic()
            silent_since = silent_since or now
            if (silent := now - silent_since) >= self.patience.seconds:
                self.pgconn.finish()
                raise psycopg.OperationalError(f"the server has said nothing for {silent:.0f} s, and was given up")
