"""Backfills: planned, listed, started, cancelled, run again."""

from __future__ import annotations

import asyncio
from typing import Any

from penstock.model.errors import BackfillNotFoundError, PenstockError, SettingInvalidError
from penstock.schedule.listings import LIST_BYTES, listing
from penstock.server.numbers import whole_number
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.backfills import (
    Backfill,
    BackfillList,
    BackfillPreview,
    BackfillQuery,
    BackfillRetried,
    NewBackfill,
)

routes = Routes("backfills")


@routes.get("/api/backfills", Permission.VIEW, query=BackfillQuery)
def list_backfills(call: Call) -> BackfillList:
    """Backfills, newest first."""
    return BackfillList(call.studio.backfills.all(call.query.pipeline))


@routes.post("/api/backfills/preview", Permission.RUN, body=NewBackfill)
async def preview_backfill(call: Call) -> BackfillPreview:
    """The runs that a backfill would make, before it is stored; a block that lists them is run for it, in a worker."""
    try:
        listed = await _listed(call)
    except PenstockError as error:
        return BackfillPreview([], 0, truncated=False, problem=error.message)
    return await asyncio.to_thread(call.studio.backfills.preview, call.body, listed)


@routes.post("/api/backfills", Permission.RUN, body=NewBackfill, status=201)
async def add_backfill(call: Call) -> Backfill:
    """Store a backfill; it begins when it is started, or at once with `run`."""
    listed = await _listed(call)
    return await asyncio.to_thread(call.studio.backfills.add, call.body, listed)


@routes.get("/api/backfills/{backfill}", Permission.VIEW)
def show_backfill(call: Call) -> Backfill:
    """A backfill; its runs are those of `/api/runs?backfill=`."""
    return call.studio.backfills.one(_number(call))


@routes.post("/api/backfills/{backfill}/start", Permission.RUN, status=202)
def start_backfill(call: Call) -> Backfill:
    """Let a backfill begin, or one that was cancelled go on."""
    return call.studio.backfills.start(_number(call))


@routes.post("/api/backfills/{backfill}/cancel", Permission.RUN, status=202)
def cancel_backfill(call: Call) -> Backfill:
    """Make no more runs of a backfill, and cancel those that are open."""
    return call.studio.backfills.cancel(_number(call))


@routes.post("/api/backfills/{backfill}/retry", Permission.RUN, status=202)
def retry_backfill(call: Call) -> BackfillRetried:
    """Run what did not complete again, with the pipeline's blocks as they are now."""
    return BackfillRetried(*call.studio.backfills.retry(_number(call)))


@routes.delete("/api/backfills/{backfill}", Permission.RUN)
def delete_backfill(call: Call) -> None:
    """Forget a backfill that is not under way; its runs stay."""
    call.studio.backfills.delete(_number(call))


def _number(call: Call) -> int:
    text = call.path["backfill"]
    number = whole_number(text)
    if not number:
        raise BackfillNotFoundError(f"reading backfill {text[:40]}: there is none", hint="Backfills have numbers.")
    return number


async def _listed(call: Call) -> list[Any] | None:
    """What the backfill's block lists; None for one by dates."""
    given: NewBackfill = call.body
    if not given.block:
        return None
    if given.start is not None or given.end is not None:
        raise SettingInvalidError(
            "planning the backfill: it names dates and a block",
            hint="Give either the dates, or the block that lists runs.",
        )
    called = await call.studio.singles.call(
        given.pipeline, given.block, given.variables, upstream=True, origin="studio", most_bytes=LIST_BYTES
    )
    return listing(called.outputs, given.block)
