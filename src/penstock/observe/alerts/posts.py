"""One HTTP request that delivers a message: within a deadline, over the proxy of the environment, never redirected.

A redirect is refused because it would take the message and its secrets to an address that nobody has chosen. Private
addresses are allowed: a chat server of one's own stands on one. Those at which clouds tell a machine its credentials
are not, whatever name they hide behind: the address that was looked at is the one that is called.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from penstock.observe.alerts.redact import redacted
from penstock.version import __version__

DEADLINE = 15.0
"""Seconds that one delivery may take in all, however slowly the other side answers."""
_ANSWER = 2000
"""Bytes of an answer that are read, for the message of an error."""
_TOLD = 200
"""Characters of it that the error shows; far less than is read, so that no secret is cut off and then not known."""
_LATER = frozenset({408, 409, 423, 425, 429})
"""Statuses of refusals that may be over when it is tried again."""
_METADATA = frozenset({"100.100.100.200", "168.63.129.16", "fd00:ec2::254"})
"""Where clouds tell a machine its credentials, beside the link-local addresses."""


class DeliveryError(Exception):
    """A message was not delivered, told in words without secrets; `final` when another try would end the same way."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.final = final


@dataclass(frozen=True, slots=True)
class Post:
    """What to send where, as JSON."""

    address: str = field(repr=False)
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = None

    @property
    def data(self) -> bytes:
        """The body as it goes over the wire."""
        if self.content is not None:
            return self.content
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the answer is then an error like any other."""

    def redirect_request(self, *_given: Any) -> None:
        """No other request."""
        return


class Connection(Protocol):
    """What is talked over, once it is open."""

    sock: Any

    def close(self) -> Any:
        """Be done with it."""


class Watched:
    """The connections of one delivery, which are cut at its deadline: a timeout of sockets counts each byte anew."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._connections: list[Connection] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_given: object) -> None:
        self._timer.cancel()
        for connection in self._connections:
            connection.close()

    def plain(self, host: str, **options: Any) -> http.client.HTTPConnection:
        """A connection over HTTP."""
        return self._kept(http.client.HTTPConnection(host, **options))

    def safe(self, host: str, **options: Any) -> http.client.HTTPConnection:
        """A connection over TLS."""
        return self._kept(http.client.HTTPSConnection(host, **options))

    def _kept(self, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
        connection._create_connection = _connected  # type: ignore[attr-defined]  # noqa: SLF001 - no other way to choose
        self.watch(connection)
        return connection

    def watch(self, connection: Connection) -> None:
        """Cut that one too."""
        self._connections.append(connection)

    def _cut(self) -> None:
        self.passed = True
        for connection in self._connections:
            if connection.sock is not None:
                with suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


def send(post: Post, *, deadline: float = DEADLINE, hide: Callable[[str], str] = redacted) -> None:
    """Send it.

    Args:
        post: what goes where.
        deadline: seconds that it may take in all.
        hide: takes secrets out of what the other side answers, which may be what it was sent.

    Raises:
        DeliveryError: the other side was not reached, did not answer in time, or refused.
    """
    host = host_of(post.address)
    headers = {"Content-Type": "application/json", "User-Agent": f"penstock/{__version__}", **post.headers}
    watched = Watched(deadline)
    try:
        request = urllib.request.Request(post.address, post.data, headers, method="POST")  # noqa: S310 - http or https, by settings
        with watched:
            _opened(watched, request, deadline)
    except DeliveryError:
        raise
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(host, error, hide) from None
    except (http.client.InvalidURL, ValueError) as error:  # its text may show a key in a header, or the address
        raise DeliveryError(f"{host}: the address or a header is none that can be sent", final=True) from error
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if watched.passed or isinstance(reason, TimeoutError):
            raise DeliveryError(f"{host}: no answer within {deadline:g} s") from error
        if isinstance(reason, ssl.SSLError):
            raise DeliveryError(f"{host}: TLS failed: {reason.reason or reason}") from error
        raise DeliveryError(f"{host}: {_cause(error)}") from error


def host_of(address: str) -> str:
    """The host of an address, for messages: the rest of it may be secret."""
    try:
        parts = urlsplit(address)
        return (
            parts.hostname + (f":{parts.port}" if parts.port else "") if parts.hostname else "an address without host"
        )
    except ValueError:
        return "an address that is none"


def is_metadata(address: str) -> bool:
    """Whether a machine is told its credentials at that IP address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_link_local or str(found) in _METADATA


def _connected(
    address: tuple[str, int], timeout: float | None = None, source_address: tuple[str, int] | None = None
) -> socket.socket:
    """A connection to a host, by the addresses that its name has now."""
    host, port = address
    last: OSError | None = None
    for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        where = str(place[0])
        if is_metadata(where):
            raise DeliveryError(f"{host}: no message is sent to {where}, which is for the machine itself", final=True)
        try:
            return socket.create_connection((where, port), timeout, source_address)
        except OSError as error:
            last = error
    raise last or OSError(f"{host} has no address")


def _opened(watched: Watched, request: urllib.request.Request, deadline: float) -> None:
    class Plain(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(watched.plain, req)

    class Safe(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(watched.safe, req, context=ssl.create_default_context())

    opener = urllib.request.build_opener(Plain, Safe, _Stay)
    with opener.open(request, timeout=deadline) as answer:
        answer.read1(_ANSWER)
    if watched.passed:  # headers that were cut off look like complete ones
        raise TimeoutError


def _refused(host: str, error: urllib.error.HTTPError, hide: Callable[[str], str]) -> DeliveryError:
    status = error.code
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = host_of(error.headers.get("Location") or "")
        return DeliveryError(
            f"{host}: it redirects to {target}, which is not followed; name the address itself", final=True
        )
    try:
        text = hide(" ".join(_beginning(error).decode("utf-8", "replace").split()))[:_TOLD]
    except (OSError, http.client.HTTPException, ValueError):
        text = ""
    words = f"{host}: it answered {status}" + (f" ({text})" if text else "")
    return DeliveryError(
        words, final=HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER
    )


def _beginning(error: urllib.error.HTTPError) -> bytes:
    # One read at most: an answer may come a byte at a time.
    read = getattr(error.fp, "read1", None)
    return bytes(read(_ANSWER)) if read is not None else b""


def _cause(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    if isinstance(reason, OSError):
        return reason.strerror or str(reason)
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(reason or error) or type(error).__name__
