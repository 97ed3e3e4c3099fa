"""What other programs call to start runs, at Mage's addresses: by the token of a trigger, or signed with its secret."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from penstock.config.decoding import from_plain
from penstock.model.trigger import TriggerKind
from penstock.schedule.reasons import listed
from penstock.server.answers import HttpError
from penstock.server.numbers import whole_number
from penstock.server.permissions import Permission
from penstock.server.routing import MEGABYTE, Call, Routes
from penstock.server.runs.callers import Bucket, Proof, is_ready
from penstock.server.runs.calls import check_depth, check_ready
from penstock.server.schema.calls import (
    BlockCall,
    BlockCallBody,
    BlockOutput,
    BlockOutputAnswer,
    CalledRunAnswer,
    EventTaken,
)
from penstock.state.rows import TriggerRow

routes = Routes("calls")
_BODY = MEGABYTE
_STRANGERS = Bucket(rate=0.5, burst=30)
"""Calls of one address that show nothing good: more of them are told to wait, so that a program that goes on guessing,
or has an old token, slows down. A right token is answered all the same: callers behind one proxy share its address, and
a token is too long to be guessed at any pace."""
_STARTS = Bucket(rate=200, burst=2000)
"""Runs of one trigger."""


@routes.post("/api/pipeline_schedules/{trigger}/pipeline_runs/{token}", Permission.CALL, raw=True, limit=_BODY)
async def call_trigger_by_address(call: Call) -> CalledRunAnswer:
    """Start a run of an API trigger, whose token is in the address."""
    return await _start(call, call.path["token"])


@routes.post("/api/pipeline_schedules/{trigger}/api_trigger", Permission.CALL, raw=True, limit=_BODY)
async def call_trigger(call: Call) -> CalledRunAnswer:
    """Start a run of an API trigger: with its token as bearer token, or signed."""
    return await _start(call, "")


@routes.post("/api/runs", Permission.CALL, raw=True, limit=_BODY)
async def call_block(call: Call) -> BlockOutputAnswer:
    """Run one block of a trigger's pipeline, wait for it, and answer with what it returned; token as bearer token."""
    return await _run_block(call, "")


@routes.post("/api/runs/{token}", Permission.CALL, raw=True, limit=_BODY)
async def call_block_by_address(call: Call) -> BlockOutputAnswer:
    """The same, with the token in the address."""
    return await _run_block(call, call.path["token"])


@routes.post("/api/events", Permission.CALL, raw=True, limit=_BODY)
async def take_event(call: Call) -> EventTaken:
    """Start a run of each event trigger that an event matches; who is no user shows the token of those it may start."""
    only: list[TriggerRow] | None = None
    known = call.identity.may(Permission.RUN)
    if not known:
        only = await _by_token(call, "", kind=TriggerKind.EVENT)
    event = _json_object(await call.request.body())
    for trigger in only or ():
        _check_pace(trigger)
    runs = await asyncio.to_thread(call.studio.calls.event, event, only)
    return EventTaken(len(runs), runs)


async def _start(call: Call, token: str) -> CalledRunAnswer:
    proof = Proof.of(call.request.headers, token)
    number = whole_number(call.path["trigger"])
    body = b""
    if proof.signature:
        body = await call.request.body()
        trigger = await asyncio.to_thread(call.studio.callers.signed, proof, number, body)
        if trigger is None:
            raise _refused(call)
    else:
        trigger = (await _by_token(call, token, number))[0]
        body = await call.request.body()
    _check_pace(trigger)
    return CalledRunAnswer(await asyncio.to_thread(call.studio.calls.start, trigger, _json_object(body), proof))


async def _run_block(call: Call, token: str) -> BlockOutputAnswer:
    triggers = await _by_token(call, token)
    given = _json_object(await call.request.body())
    try:
        wanted = from_plain(given, BlockCallBody).run
    except msgspec.ValidationError as error:
        raise HttpError(
            422, "A106", f"reading the body: {error}", "docs/reference/api.md lists what is taken."
        ) from None
    trigger = _of_pipeline(triggers, wanted)
    check_ready(trigger)
    check_depth(wanted.variables, "variables")
    _check_pace(trigger)
    called = await call.studio.singles.call(
        trigger.pipeline,
        wanted.block_uuid,
        {**(trigger.definition.get("variables") or {}), **wanted.variables},
        upstream=wanted.run_upstream_blocks,
        incomplete_only=wanted.incomplete_only,
        record=wanted.record,
        keep=wanted.store_variables,
    )
    output = BlockOutput(trigger.pipeline, wanted.block_uuid, called.run, called.state, called.outputs)
    return BlockOutputAnswer(output)


async def _by_token(
    call: Call, token: str, number: int | None = None, kind: TriggerKind = TriggerKind.API
) -> list[TriggerRow]:
    """The triggers of a call's token, one at least; refused alike whatever is wrong."""
    proof = Proof.of(call.request.headers, token)
    found: list[TriggerRow] = await asyncio.to_thread(call.studio.callers.by_token, proof, number, kind)
    if not found:
        raise _refused(call)
    return found


def _of_pipeline(triggers: list[TriggerRow], wanted: BlockCall) -> TriggerRow:
    """The trigger among those of one token, which may be of several pipelines, whose pipeline is to run a block.

    Raises:
        HttpError: 403, none is of the pipeline that was named; 422, none was named and it could be one or another.
    """
    doing = f"running block {wanted.block_uuid[:100]}"
    of_it = [trigger for trigger in triggers if wanted.pipeline_uuid in {"", trigger.pipeline}]
    if not of_it:
        raise HttpError(
            403,
            "A102",
            f"{doing}: the token is one of {_pipelines(triggers)}",
            "Use the token of a trigger of that pipeline.",
        )
    ready = [trigger for trigger in of_it if is_ready(trigger)] or of_it
    if len({trigger.pipeline for trigger in ready}) > 1:
        raise HttpError(422, "A106", f"{doing}: the token is one of {_pipelines(ready)}", "Name one as pipeline_uuid.")
    return ready[0]


def _pipelines(triggers: list[TriggerRow]) -> str:
    names = sorted({trigger.pipeline for trigger in triggers})
    return f"pipeline{'s' if len(names) > 1 else ''} {listed(names)}"


def _check_pace(trigger: TriggerRow) -> None:
    if not _STARTS.take(str(trigger.id)):
        raise _too_many("too many runs of this trigger in a moment")


def _refused(call: Call) -> HttpError:
    client = call.request.client
    if not _STRANGERS.take(client.host if client else ""):
        return _too_many("too many calls that show no token or signature")
    return _unknown_caller()


def _json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty one is {}.

    Raises:
        HttpError: 400, it is something else.
    """
    try:
        found = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, "A108", f"reading the body: it is not JSON ({error})", "Send a JSON object.") from None
    if not isinstance(found, dict):
        raise HttpError(422, "A106", "reading the body: it is no JSON object", "Send a JSON object.")
    return found


def _unknown_caller() -> HttpError:
    """The answer to every call that may not start what it names."""
    return HttpError(
        401,
        "A101",
        "answering a call: it shows no token or signature that starts this",
        "Send the trigger's token as Authorization: Bearer TOKEN, or sign the call with its secret.",
    )


def _too_many(what: str) -> HttpError:
    """The answer to calls that come too fast."""
    return HttpError(429, "A114", f"answering a call: {what}", "Wait a moment, then call again.", {"Retry-After": "10"})
