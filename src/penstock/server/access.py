"""Who may come in: one-time links, browser sessions, and the token of this machine's own commands.

Only hashes are kept. Sessions outlive a restart of the server, in a file of the installation that nobody else may read.
Everything here is called on the event loop.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from penstock.config.decoding import from_json
from penstock.server.permissions import OWNER, Identity

LINK_SECONDS = 600.0
"""How long a one-time link works."""
SESSION_SECONDS = 30 * 86_400.0
"""How long a login lasts."""
MOST_SESSIONS = 200
_TOKEN_BYTES = 32
_BEARER = "token"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class Access:
    """Logins of one server.

    Secrets are looked up by their SHA-256: they are random and long, so neither the time of a look-up nor a copy of the
    file tells anything about them.

    Args:
        file: where sessions are kept between restarts; None keeps them in memory.
        clock: seconds since the epoch.
    """

    file: Path | None
    clock: Callable[[], float] = time.time
    _links: dict[str, float] = field(default_factory=dict)
    _sessions: dict[str, float] = field(default_factory=dict)
    _token: str = ""
    _closers: dict[str, set[Callable[[], object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sessions = self._load()

    def new_link(self) -> str:
        """A token that logs one browser in, once, within ten minutes."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self.clock()
        self._links = {digest: until for digest, until in self._links.items() if until > now}
        self._links[_digest(token)] = now + LINK_SECONDS
        return token

    def spend(self, token: str) -> bool:
        """Whether a link's token was good; afterwards it is not."""
        until = self._links.pop(_digest(token), None)
        return until is not None and until > self.clock()

    def redeem(self, token: str) -> str | None:
        """The new session's secret for a link's token; None when it is unknown, used or too old."""
        if not self.spend(token):
            return None
        session = secrets.token_urlsafe(_TOKEN_BYTES)
        self._sessions[_digest(session)] = self.clock() + SESSION_SECONDS
        for oldest in sorted(self._sessions, key=self._sessions.__getitem__)[:-MOST_SESSIONS]:
            self._drop(oldest)
        self._save()
        return session

    def new_token(self) -> str:
        """The bearer token of this machine's own commands; the one before it ends, and what it opened."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._token = _digest(token)
        self._close(_BEARER)
        return token

    def by_session(self, secret: str) -> Identity | None:
        """Who a session's secret stands for."""
        digest = _digest(secret)
        until = self._sessions.get(digest)
        if until is None:
            return None
        if until <= self.clock():
            self.end(digest)
            return None
        return Identity("owner", OWNER, session=digest)

    def by_token(self, token: str) -> Identity | None:
        """Who a bearer token stands for."""
        if self._token and hmac.compare_digest(self._token, _digest(token)):
            return Identity("owner", OWNER, session=_BEARER, browser=False)
        return None

    def remaining(self, session: str) -> float | None:
        """Seconds until a session ends by itself; None for what does not."""
        until = self._sessions.get(session)
        return None if until is None else max(0.0, until - self.clock())

    def end(self, session: str) -> None:
        """Log out: the session no longer counts, and the sockets that it opened close."""
        self._drop(session)
        self._save()

    def end_all(self) -> None:
        """Log every browser out; links that are still unused end as well."""
        self._links.clear()
        for session in list(self._sessions):
            self._drop(session)
        self._save()

    @contextlib.contextmanager
    def holding(self, session: str, close: Callable[[], object]) -> Iterator[None]:
        """While this runs, ending the session calls `close`."""
        holders = self._closers.setdefault(session, set())
        holders.add(close)
        try:
            yield
        finally:
            holders.discard(close)
            if not holders and self._closers.get(session) is holders:
                del self._closers[session]

    def _drop(self, session: str) -> None:
        self._sessions.pop(session, None)
        self._close(session)

    def _close(self, session: str) -> None:
        for close in list(self._closers.get(session, ())):
            close()

    def _load(self) -> dict[str, float]:
        if self.file is None:
            return {}
        try:
            found = from_json(self.file.read_bytes(), dict[str, float])
        except (OSError, msgspec.DecodeError, RecursionError):
            return {}
        latest = self.clock() + SESSION_SECONDS
        return {session: min(until, latest) for session, until in found.items() if until > self.clock()}

    def _save(self) -> None:
        """Keep the sessions; where that fails, logins last until the server ends."""
        if self.file is None:
            return
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(self._sessions))
            temporary.replace(self.file)
