"""Triggers: the list, one in full, what changes them, and what is to begin when."""

from __future__ import annotations

import asyncio

from penstock.model.errors import TriggerNotFoundError
from penstock.server.numbers import whole_number
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Routes
from penstock.server.schema.triggers import (
    Calendar,
    CalendarQuery,
    NewToken,
    NewTrigger,
    RunNow,
    RunQueued,
    TriggerChanges,
    TriggerCreated,
    TriggerDeleted,
    TriggerDetail,
    TriggerList,
    TriggerPreview,
    TriggerQuery,
)

routes = Routes("triggers")


@routes.get("/api/triggers", Permission.VIEW, query=TriggerQuery)
def list_triggers(call: Call) -> TriggerList:
    """A page of the triggers of the project, or of those that fit what is asked for."""
    found: TriggerList = call.studio.triggers.list(call.query)
    return found


@routes.post("/api/triggers", Permission.EDIT, body=NewTrigger, status=201)
def create_trigger(call: Call) -> TriggerCreated:
    """Make a trigger: an entry in the pipeline's triggers.yaml. One that is called gets a token, told this once."""
    number, token = call.studio.triggers.create(call.body)
    shown = _detail(call, number)
    return TriggerCreated(**{name: getattr(shown, name) for name in shown.__struct_fields__}, token=token)


@routes.post("/api/triggers/preview", Permission.VIEW, body=NewTrigger)
def preview_trigger(call: Call) -> TriggerPreview:
    """When a trigger would start runs, before it is saved."""
    return call.studio.triggers.preview(call.body)


@routes.get("/api/triggers/{trigger}", Permission.VIEW)
def show_trigger(call: Call) -> TriggerDetail:
    """A trigger with its settings, its next ten runs and its last ten."""
    return _detail(call, _number(call))


@routes.patch("/api/triggers/{trigger}", Permission.EDIT, body=TriggerChanges)
def change_trigger(call: Call) -> TriggerDetail:
    """Change what is given of a trigger; everything else in its file stays byte for byte."""
    call.studio.triggers.change(_number(call), call.body)
    return _detail(call, _number(call))


@routes.post("/api/triggers/{trigger}/activate", Permission.EDIT)
def activate_trigger(call: Call) -> TriggerDetail:
    """Switch a trigger on; it is due from its next slot on."""
    call.studio.triggers.switch(_number(call), active=True)
    return _detail(call, _number(call))


@routes.post("/api/triggers/{trigger}/deactivate", Permission.EDIT)
def deactivate_trigger(call: Call) -> TriggerDetail:
    """Switch a trigger off; runs that have begun go on."""
    call.studio.triggers.switch(_number(call), active=False)
    return _detail(call, _number(call))


@routes.post("/api/triggers/{trigger}/token", Permission.EDIT)
def renew_token(call: Call) -> NewToken:
    """A new token for a trigger that is called; the one before is worth nothing any more."""
    return NewToken(call.studio.triggers.renew_token(_number(call)))


@routes.post("/api/triggers/{trigger}/run", Permission.RUN, body=RunNow, status=202)
def run_now(call: Call) -> RunQueued:
    """Ask for a run of a trigger now, with its variables and settings; its schedule stays as it is."""
    return RunQueued(call.studio.triggers.run_now(_number(call), call.body.variables))


@routes.delete("/api/triggers/{trigger}", Permission.EDIT)
def delete_trigger(call: Call) -> TriggerDeleted:
    """Take a trigger out of its file; POST /api/undo/{undo} brings it back, for a day."""
    name = call.studio.triggers.find(_number(call)).name
    return TriggerDeleted(call.studio.triggers.delete(_number(call)), name)


@routes.get("/api/calendar", Permission.VIEW, query=CalendarQuery)
async def show_calendar(call: Call) -> Calendar:
    """What active triggers are to begin in a time, earliest first."""
    return await asyncio.to_thread(call.studio.triggers.calendar, call.query)


def _detail(call: Call, number: int) -> TriggerDetail:
    found: TriggerDetail = call.studio.triggers.detail(number, call.app.options.url)
    return found


def _number(call: Call) -> int:
    text = call.path["trigger"]
    number = whole_number(text)
    if not number:
        raise TriggerNotFoundError(f"opening trigger {text[:50]!r}: triggers have numbers", hint="Look at the list.")
    return number
