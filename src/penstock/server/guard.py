"""What every request has to pass before its route is looked at: Host, Origin, login, permission.

The same checks hold for sockets, before they are accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from penstock.server.access import Access
from penstock.server.answers import HttpError
from penstock.server.permissions import Identity, Permission
from penstock.server.routing import Route

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
SAFE = frozenset({"GET", "HEAD"})
CSRF_HEADER = b"x-penstock"
_NOT_LOGGED_IN = "Run `penstock start` again, or use the link that it printed."


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks of one server.

    Args:
        access: who may come in.
        hosts: names by which the server may be called, without port, in lower case.
        cookie: name of the session's cookie.
    """

    access: Access
    hosts: frozenset[str]
    cookie: str

    def check_host(self, headers: dict[bytes, bytes]) -> None:
        """Refuse a name that is not ours: a page whose name was made to resolve to this machine (DNS rebinding)."""
        name, _ = split_host(headers.get(b"host", b"").decode("latin-1"))
        if name not in self.hosts:
            raise HttpError(
                403,
                "A103",
                f"answering a request for host {name[:100] or 'without a name'}: this server is not known by that name",
                "Start it with --allowed-host NAME when it is meant to be.",
            )

    def check_origin(self, headers: dict[bytes, bytes], *, socket: bool, identity: Identity | None) -> None:
        """Refuse what another web page has sent (cross-site requests, cross-site sockets)."""
        origin = headers.get(b"origin")
        if origin is None:
            # A browser always names the origin of a socket and of a request that changes something from elsewhere.
            if socket and (identity is None or identity.browser):
                raise _cross_site("no origin")
            if headers.get(b"sec-fetch-site", b"same-origin") not in {b"same-origin", b"none"}:
                raise _cross_site("another site")
            return
        parts = urlsplit(origin.decode("latin-1"))
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() != host:
            raise _cross_site(origin.decode("latin-1", "replace")[:100])

    def identify(self, headers: dict[bytes, bytes]) -> Identity | None:
        """Who asks: a bearer token, else the session's cookie."""
        given = headers.get(b"authorization", b"").decode("latin-1")
        kind, _, token = given.partition(" ")
        if kind.lower() == "bearer" and token:
            return self.access.by_token(token.strip())
        secret = cookie_of(headers, self.cookie)
        return self.access.by_session(secret) if secret else None

    def admit(self, route: Route, headers: dict[bytes, bytes], identity: Identity | None) -> Identity:
        """The caller of a route, when it may be called.

        Raises:
            HttpError: 401 when nobody is logged in, 403 when this one may not.
        """
        changing = route.websocket or route.method not in SAFE
        if changing:
            self.check_origin(headers, socket=route.websocket, identity=identity)
        if route.permission is Permission.PUBLIC:
            return identity or Identity("nobody", frozenset({Permission.PUBLIC}))
        if identity is None:
            raise HttpError(401, "A101", "answering a request: nobody is logged in", _NOT_LOGGED_IN)
        if changing and not route.websocket and identity.browser and headers.get(CSRF_HEADER) is None:
            raise HttpError(
                403,
                "A104",
                "answering a request that changes something: it lacks the header X-Penstock",
                "Send X-Penstock: 1; a page of another site cannot.",
            )
        if not identity.may(route.permission):
            raise HttpError(
                403,
                "A102",
                f"answering {route.method} {route.path}: it needs the permission {route.permission.value}",
                "Ask the server's owner for it.",
            )
        return identity


def _cross_site(origin: str) -> HttpError:
    return HttpError(
        403,
        "A105",
        f"answering a request of another web page ({origin}): only pages of this server may ask that",
        "Open the studio itself in the browser.",
    )


def split_host(text: str) -> tuple[str, str]:
    """Name (lower case) and port of a Host header."""
    text = text.strip().lower()
    if text.startswith("["):
        name, _, rest = text.partition("]")
        return name + "]", rest.lstrip(":")
    name, _, port = text.partition(":")
    return name, port


def cookie_of(headers: dict[bytes, bytes], name: str) -> str:
    """The value of a cookie, or ""."""
    raw = headers.get(b"cookie")
    if not raw:
        return ""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(raw.decode("latin-1"))
    except CookieError:
        return ""
    found: Any = jar.get(name)
    return str(found.value) if found else ""
