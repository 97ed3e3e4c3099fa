"""What every request has to pass before its handler is called: Host, Origin, login, permission.

The same checks hold for sockets, before they are accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from penstock.server.access import Access
from penstock.server.answers import HttpError
from penstock.server.headers import Headers, host_of
from penstock.server.permissions import Identity, Permission
from penstock.server.routing import Route

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
SAFE = frozenset({"GET", "HEAD"})
CSRF_HEADER = b"x-penstock"
_OURS = frozenset({b"same-origin", b"none"})
_SWITCHED_ON = {Permission.TERMINAL: "Start the server without --no-terminal, DISABLE_TERMINAL and PENSTOCK_READ_ONLY."}
_NOT_READ_ONLY = "This server is read only: who starts it may set PENSTOCK_READ_ONLY=0."
_NOT_LOGGED_IN = "Run `penstock start` again, or use the link that it printed."


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks of one server.

    Args:
        access: who may come in.
        hosts: names by which the server may be called, without port, in lower case, IPv6 in brackets.
        cookie: name of the session's cookie.
        literals: whether it may be called by any address in numbers. No page can make a browser take such an address
            for its own name, so a server that is reached from elsewhere may allow them.
        off: permissions that nobody has here, whoever they are.
    """

    access: Access
    hosts: frozenset[str]
    cookie: str
    literals: bool = False
    off: frozenset[Permission] = frozenset()

    def check_host(self, headers: Headers) -> None:
        """Refuse a name that is not ours: a page whose name was made to resolve to this machine (DNS rebinding)."""
        name = host_of(headers)
        if name in self.hosts or (self.literals and _is_literal(name)):
            return
        raise HttpError(
            403,
            "A103",
            f"answering a request for host {name[:100] or 'without a name'}: this server is not known by that name",
            "Start it with --allowed-host NAME when it is meant to be.",
        )

    def check_origin(self, headers: Headers, *, socket: bool, identity: Identity | None) -> None:
        """Refuse what the page of another site has sent: requests of any method, and sockets."""
        origin = headers.get(b"origin")
        if origin is None:
            # A browser always names the origin of a socket; of other requests it says from where they come.
            if socket and (identity is None or identity.browser):
                raise _cross_site("no origin")
            if headers.get(b"sec-fetch-site", b"none").strip().lower() not in _OURS:
                raise _cross_site("another site")
            return
        given = origin.decode("latin-1").strip()
        host = headers.get(b"host", b"").decode("latin-1").strip().lower()
        try:
            parts = urlsplit(given)
        except ValueError:
            raise _cross_site(given[:100]) from None
        if parts.scheme not in {"http", "https"} or not host or parts.netloc.lower() != host:
            raise _cross_site(given[:100])

    def identify(self, headers: Headers) -> Identity | None:
        """Who asks: a bearer token, else the session's cookie."""
        given = headers.get(b"authorization", b"").decode("latin-1")
        kind, _, token = given.partition(" ")
        if kind.lower() == "bearer":
            found = self.access.by_token(token.strip())
        else:
            secret = cookie_of(headers, self.cookie)
            found = self.access.by_session(secret) if secret else None
        return replace(found, permissions=found.permissions - self.off) if found else None

    def admit(self, route: Route, headers: Headers, identity: Identity | None) -> Identity:
        """The caller of a route, when it may be called.

        Raises:
            HttpError: 401 when nobody is logged in, 403 when this one may not.
        """
        self.check_origin(headers, socket=route.websocket, identity=identity)
        if route.permission is Permission.PUBLIC:
            return identity or Identity("nobody", frozenset({Permission.PUBLIC}))
        if identity is None and route.permission is Permission.CALL:
            # Its handler looks at the token, or at the signature, before it uses anything else of the request.
            return Identity("caller", frozenset({Permission.CALL}), browser=False)
        if identity is None:
            raise not_logged_in()
        changing = not route.websocket and route.method not in SAFE
        if changing and identity.browser and headers.get(CSRF_HEADER) is None:
            raise HttpError(
                403,
                "A104",
                "answering a request that changes something: it lacks the header X-Penstock",
                "Send X-Penstock: 1; a page of another site cannot.",
            )
        if not identity.may(route.permission):
            off = route.permission in self.off
            raise HttpError(
                403,
                "A102",
                f"answering {route.method} {route.path}: "
                + (f"{route.permission.value} is switched off here" if off else f"it needs {route.permission.value}"),
                _SWITCHED_ON.get(route.permission, _NOT_READ_ONLY)
                if off
                else "Ask the server's owner for this permission.",
            )
        return identity


def not_logged_in() -> HttpError:
    """The answer to who has not logged in, whatever was asked for."""
    return HttpError(401, "A101", "answering a request: nobody is logged in", _NOT_LOGGED_IN)


def _cross_site(origin: str) -> HttpError:
    return HttpError(
        403,
        "A105",
        f"answering a request of another web page ({origin}): only pages of this server may ask that",
        "Open the studio itself in the browser.",
    )


def _is_literal(name: str) -> bool:
    try:
        return not ip_address(name.strip("[]")).is_unspecified
    except ValueError:
        return False


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie, or "". Other programs of this machine may set cookies of any shape beside ours."""
    return cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(name, "")
