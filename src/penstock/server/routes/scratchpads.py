"""Scratchpads: code that is run piece by piece in one namespace, and the processes that run user code."""

from __future__ import annotations

import asyncio

from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.scratchpads import (
    Cell,
    CompletionQuery,
    Completions,
    Execution,
    Processes,
    ScratchpadState,
    Variables,
)
from penstock.server.scratchpads.service import details

routes = Routes("scratchpads")
_PAD = "/api/scratchpads/{pipeline}/{block}"


@routes.post(f"{_PAD}/run", Permission.RUN, body=Cell, status=202)
async def run_cell(call: Call) -> Execution:
    """Run code in the scratchpad's namespace; output, displays and the end come as events of the pipeline's topic."""
    pads, body = call.studio.scratchpads, call.body
    return Execution(await pads.run(call.path["pipeline"], call.path["block"], body.code, body.cell))


@routes.get(_PAD, Permission.VIEW)
async def show_scratchpad(call: Call) -> ScratchpadState:
    """Whether the scratchpad has a session, and what that does."""
    return call.studio.scratchpads.state(call.path["pipeline"], call.path["block"])


@routes.post(f"{_PAD}/interrupt", Permission.RUN, status=202)
async def interrupt_scratchpad(call: Call) -> ScratchpadState:
    """Interrupt what runs, and drop what waits."""
    call.studio.scratchpads.interrupt(call.path["pipeline"], call.path["block"])
    return call.studio.scratchpads.state(call.path["pipeline"], call.path["block"])


@routes.post(f"{_PAD}/restart", Permission.RUN, status=202)
async def restart_scratchpad(call: Call) -> ScratchpadState:
    """Throw away what the scratchpad holds."""
    call.studio.scratchpads.restart(call.path["pipeline"], call.path["block"])
    return ScratchpadState("none")


@routes.get(f"{_PAD}/variables", Permission.VIEW)
async def show_variables(call: Call) -> Variables:
    """What the namespace holds; answered while code runs."""
    return await call.studio.scratchpads.variables(call.path["pipeline"], call.path["block"])


@routes.post(f"{_PAD}/complete", Permission.RUN, body=CompletionQuery)
async def complete_code(call: Call) -> Completions:
    """Completions from the living namespace; answered while code runs."""
    pads, body = call.studio.scratchpads, call.body
    return await pads.complete(call.path["pipeline"], call.path["block"], body.code, body.cursor)


@routes.get("/api/sessions", Permission.VIEW)
async def show_sessions(call: Call) -> Processes:
    """The processes that run user code now."""
    return Processes(await asyncio.to_thread(details, call.studio.scratchpads.orders()))
