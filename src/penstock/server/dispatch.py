"""From a matched route to its answer: body and query into Structs, the handler, errors into statuses."""

from __future__ import annotations

import asyncio
import inspect
import logging
import types
import typing
from contextlib import suppress
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from penstock.config.decoding import from_json, from_plain
from penstock.model.errors import PenstockError
from penstock.server.answers import HttpError, error_response, response
from penstock.server.routing import Call, Route

log = logging.getLogger("penstock.server")
_JSON = "application/json"
_TOO_LARGE = 413
MOST_THROWN_AWAY = 128 * 1024 * 1024
"""Bytes of a body that is too large which are read, so that its sender reads the answer."""
PATIENCE = 10.0
"""Seconds that this may take."""


async def answer(route: Route, call: Call, request: Request) -> Response:
    """Run the handler. Every failure becomes an answer; an unforeseen one a 500 without its traceback."""
    whole = request
    try:
        call.request = request = _limited(route, request)
        call.query = _query(route, request)
        call.body = await _body(route, request)
        if _is_async(route):
            value = await route.handler(call)
        else:
            value = await run_in_threadpool(route.handler, call)
        return response(value, route.status)
    except (PenstockError, HttpError) as error:
        if isinstance(error, HttpError) and error.status == _TOO_LARGE:
            await _let_through(whole)
        return error_response(error)
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception:
        log.exception("answering %s %s", route.method, route.path)
        return error_response(internal(route))


async def _let_through(request: Request) -> None:
    """Throw away what is left of a body: who is still sending would hear of a broken connection, and of no answer."""
    if "expect" in request.headers:  # who asks first sends nothing, once it has the answer
        return
    left = MOST_THROWN_AWAY
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while left > 0:
                message = await request.receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def internal(route: Route) -> HttpError:
    """What is told of an error in our own code: where, and not how it looks inside."""
    return HttpError(
        500,
        "A500",
        f"answering {route.method} {route.path}: an error in Penstock itself",
        "The server's output holds the details; please report them.",
    )


def _is_async(route: Route) -> bool:
    return inspect.iscoroutinefunction(route.handler)


def _query(route: Route, request: Request) -> Any:
    if route.query is None:
        return None
    given: dict[str, Any] = {}
    lists = {field.encode_name for field in msgspec.structs.fields(route.query) if _is_list(field.type)}
    for key, value in request.query_params.multi_items():
        if key in lists:
            given.setdefault(key, []).append(value)
        elif key in given:
            raise HttpError(422, "A106", f"reading the query: {key} is given twice", "Give it once.")
        else:
            given[key] = value
    try:
        return from_plain(given, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise HttpError(
            422, "A106", f"reading the query: {error}", "docs/reference/api.md lists what is taken."
        ) from None


def _is_list(kind: Any) -> bool:
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        return any(_is_list(one) for one in typing.get_args(kind))
    return origin in {list, tuple}


async def _body(route: Route, request: Request) -> Any:
    if route.raw or request.method in {"GET", "HEAD"}:
        return None
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
    content = bytes(received)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON and (content or kind):
        raise HttpError(
            415, "A107", f"reading the body: it is sent as {kind or 'nothing'}, not as JSON", f"Send it as {_JSON}."
        )
    return None if route.body is None else _decoded(route.body, content)


def _limited(route: Route, request: Request) -> Request:
    """The same request, whose body cannot be larger than the route says: no handler has to count.

    Raises:
        HttpError: 413, it says itself that it is larger.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > route.limit:
        raise _too_large(route.limit)
    size = 0

    async def receive() -> Any:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > route.limit:
            raise _too_large(route.limit)
        return message

    return Request(request.scope, receive)


def _decoded(kind: type, content: bytes) -> Any:
    try:
        return from_json(content or b"{}", kind)
    except msgspec.ValidationError as error:
        raise HttpError(
            422, "A106", f"reading the body: {error}", "docs/reference/api.md lists what is taken."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, "A108", f"reading the body: it is not JSON ({error})", f"Send it as {_JSON}.") from None


def _too_large(limit: int) -> HttpError:
    # Closed, because what is still on its way then would be read and thrown away otherwise.
    shown = f"{limit >> 20} MB" if limit >> 20 else f"{limit:,} bytes"
    return HttpError(
        _TOO_LARGE,
        "A109",
        f"reading the body: it is larger than {shown}",
        "Send less at once.",
        {"Connection": "close"},
    )
