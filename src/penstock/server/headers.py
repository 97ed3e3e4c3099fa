"""Headers: those of a request as one value each, and those that every answer carries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from penstock.server.answers import HttpError

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; frame-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
"""The page. Styles may be inline because editors and charts set them on elements; scripts never are."""

API_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Every answer below /api/, unless it is marked as somebody's markup: opened as a page, it can do nothing at all."""

_EVERY_ANSWER = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cache-control", b"no-store"),
)

_SINGLE = frozenset({b"host", b"origin", b"authorization", b"content-type", b"content-length", b"sec-fetch-site"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]:/@?#\\]+)(?::([0-9]{1,5}))?")

Headers = dict[bytes, bytes]


def headers_of(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a request.

    Raises:
        HttpError: 400, one that decides about access is there twice, so that two readers could differ about it.
    """
    found: Headers = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif name == b"cookie":
            found[name] += b"; " + value
        elif name in _SINGLE:
            raise HttpError(
                400, "A111", f"reading the request: {name.decode('latin-1')} is given twice", "Give it once."
            )
    return found


def host_of(headers: Headers) -> str:
    """The name by which the server is called: lower case, without port; "" when none is given that could be one."""
    found = _HOST.fullmatch(headers.get(b"host", b"").decode("latin-1").strip().lower())
    return found.group(1) if found else ""


def with_headers(send: Any, policy: str) -> Any:
    """A `send` that adds what every answer carries; what the answer says itself stays."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            names = {name.lower() for name, _ in headers}
            more = (*_EVERY_ANSWER, (b"content-security-policy", policy.encode()))
            message = {**message, "headers": headers + [pair for pair in more if pair[0] not in names]}
        await send(message)

    return sending
