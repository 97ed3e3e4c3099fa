"""What other programs send to start runs, and what they are answered: in Mage's shapes."""

from __future__ import annotations

from typing import Any

import msgspec


class CalledRun(msgspec.Struct, frozen=True):
    """A run that was asked for. Moments are ISO 8601 text; `event_variables` is what came beside `pipeline_run`."""

    id: str
    pipeline_uuid: str
    pipeline_schedule_id: int
    pipeline_schedule_name: str
    status: str
    execution_date: str
    created_at: str
    variables: dict[str, Any]
    event_variables: dict[str, Any]


class CalledRunAnswer(msgspec.Struct, frozen=True):
    """The answer to a call of a trigger."""

    pipeline_run: CalledRun


class BlockCall(msgspec.Struct, frozen=True):
    """One block to run, and to wait for.

    With `record: false` it is no run of the history: it has neither record nor log. With `store_variables: false`
    what the blocks return is not kept: the answer has it, and nobody else ever sees it.
    """

    block_uuid: str
    pipeline_uuid: str = ""
    variables: dict[str, Any] = {}
    run_upstream_blocks: bool = False
    incomplete_only: bool = False
    record: bool = True
    store_variables: bool = True
    project: str | None = None


class BlockCallBody(msgspec.Struct, frozen=True):
    """The body of such a call."""

    run: BlockCall


class BlockOutput(msgspec.Struct, frozen=True):
    """What the block returned, as JSON: a list of its outputs, also of one.

    Tables are lists of objects, arrays and series lists of their values.
    """

    pipeline_uuid: str
    block_uuid: str
    pipeline_run_id: str
    status: str
    output: list[Any]


class BlockOutputAnswer(msgspec.Struct, frozen=True):
    """The answer to a call of a block."""

    run: BlockOutput


class EventTaken(msgspec.Struct, frozen=True):
    """How many runs an event has started, and their names."""

    count: int
    runs: list[str]
