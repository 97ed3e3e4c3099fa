"""What goes back: JSON of Structs, errors with their HTTP status, files and streams."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from penstock.model import errors
from penstock.model.errors import PenstockError
from penstock.server.routing import Reply
from penstock.server.schema.errors import ErrorEntry, ErrorPlace, Problem

_JSON = "application/json"

SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Markup made by user code: an origin of its own, no network, no storage, no way to this server."""

_STATUS: tuple[tuple[type[PenstockError], int], ...] = (
    (errors.PathRefusedError, 403),
    (errors.ConflictError, 409),
    (errors.EditRefusedError, 409),
    (errors.ProjectNotFoundError, 404),
    (errors.PipelineNotFoundError, 404),
    (errors.BlockNotFoundError, 404),
    (errors.TriggerNotFoundError, 404),
    (errors.FileMissingError, 404),
    (errors.ProductMissingError, 404),
    (errors.RunNotFoundError, 404),
    (errors.BackfillNotFoundError, 404),
    (errors.RunBusyError, 409),
    (errors.RunStateError, 409),
    (errors.ProductCorruptError, 500),
    (errors.StorageError, 507),
    (errors.StateUnavailableError, 503),
    (errors.TimeoutExceededError, 504),
    (errors.WorkerLostError, 503),
    (errors.ReaderLostError, 503),
    (errors.ConnectionFailedError, 502),
    (errors.InterruptedRunError, 409),
)
"""Error class -> HTTP status, the first that fits; 422 where none does: the request was understood and refused."""


ROUTER_CODES = {
    "A101": (401, "Nobody is logged in, or the call shows no token or signature that starts this."),
    "A102": (403, "Who asks may not do this, or it is switched off on this server."),
    "A103": (403, "The server is not known by the name that it is asked by."),
    "A104": (403, "A request of a browser that changes something lacks the header X-Penstock."),
    "A105": (403, "The request comes from the page of another site."),
    "A106": (422, "A query or body says what this route does not take."),
    "A107": (415, "The body is sent as something else than JSON."),
    "A108": (400, "The body is not JSON."),
    "A109": (413, "The body is larger than this route takes."),
    "A110": (405, "The address does not take this method."),
    "A111": (400, "An address that is not text, or a header that is given twice."),
    "A112": (404, "There is no such address."),
    "A114": (429, "Too many calls that may start nothing came from this address; wait a moment."),
    "A115": (414, "A part of the address is longer than any name."),
    "A500": (500, "An error in Penstock itself; the log of the server has it."),
    "A503": (503, "The login has ended, or the server is ending, while the request waited."),
}
"""What only the server answers: the status that goes with each code, and what it means."""


class HttpError(Exception):
    """An answer of the router itself: no route, not logged in, wrong method, too large."""

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = headers or {}


def status_of(error: PenstockError) -> int:
    """The HTTP status of one of our errors."""
    own = getattr(error, "http_status", None)
    if isinstance(own, int):
        return own
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)


def error_response(error: PenstockError | HttpError) -> Response:
    """The answer for an error."""
    if isinstance(error, HttpError):
        entry = ErrorEntry(error.code, error.message, error.hint, None, None)
        return Response(_encoded(Problem(entry)), error.status, error.headers, _JSON)
    at = error.location
    place = ErrorPlace(at.file, at.line, at.column) if at else None
    entry = ErrorEntry(error.code, error.message, error.hint, place, getattr(error, "details", None))
    return Response(_encoded(Problem(entry)), status_of(error), media_type=_JSON)


def response(value: Any, status: int) -> Response:
    """The answer for what a handler returned: a Struct, a Reply, a ready Response, or None."""
    if isinstance(value, Response):
        return value
    if isinstance(value, Reply):
        return _reply(value)
    if value is None:
        return Response(status_code=204 if status == 200 else status)  # noqa: PLR2004 - nothing to show
    return Response(_encoded(value), status, media_type=_JSON)


def _encoded(value: Any) -> bytes:
    """The JSON of a value. Half characters, as of a name that is not UTF-8, are shown as question marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace")


def _reply(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.filename:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(reply.filename, safe='')}"
    if reply.sandbox:
        headers["Content-Security-Policy"] = SANDBOX
    if reply.path is not None:
        return FileResponse(reply.path, reply.status, headers, reply.media_type)
    if reply.stream is not None:
        return StreamingResponse(_chunks(reply.stream), reply.status, headers, reply.media_type)
    return Response(reply.content, reply.status, headers, reply.media_type)


async def _chunks(stream: Any) -> AsyncIterator[bytes]:
    source = stream if hasattr(stream, "__aiter__") else iterate_in_threadpool(stream)
    async for chunk in source:
        yield chunk
