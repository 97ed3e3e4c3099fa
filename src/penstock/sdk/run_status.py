"""Asking how the latest run of a pipeline went: what a sensor waits for."""

from __future__ import annotations

import datetime as dt

from penstock.model.errors import BlockFailedError, SettingInvalidError
from penstock.model.messages import AskKind
from penstock.sdk.requests import ask

_COMPLETED = frozenset({"completed", "skipped"})
_FAILED = frozenset({"failed", "cancelled", "upstream_failed"})


def check_status(
    pipeline_uuid: str,
    execution_date: dt.datetime | str | None = None,
    repo_path: str | None = None,
    block_uuid: str | None = None,
    hours: float = 24,
) -> bool:
    """Whether the latest run of a pipeline, or a block in it, has completed: what a sensor waits for.

    The block's log says what it waits for.

    Args:
        pipeline_uuid: the pipeline.
        execution_date: the end of the window in which the run began; now when it is None. UTC when it names no zone.
        repo_path: accepted and ignored, as there is one project.
        block_uuid: ask for this block instead of the whole run.
        hours: the length of the window.

    Raises:
        BlockFailedError: the run or the block failed or was cancelled, so that waiting is in vain.
        PipelineNotFoundError, BlockNotFoundError: there is none of that name.
    """
    del repo_path
    doing = f"checking the status of pipeline {pipeline_uuid}"
    moment = _moment(execution_date, doing)
    wanted = {"pipeline_uuid": pipeline_uuid, "block_uuid": block_uuid, "execution_date": moment, "hours": hours}
    found = ask(AskKind.RUN_STATUS, doing, wanted)
    if not found:
        return _not_yet(f"{doing}: no run of it has begun in the {hours} hours before {moment}")
    state = str(found["state"] if block_uuid is None else found.get("blocks", {}).get(block_uuid, ""))
    what = f"the run {found['run']}" if block_uuid is None else f"block {block_uuid} in the run {found['run']}"
    if state in _FAILED:
        raise BlockFailedError(
            f"{doing}: {what} has the state {state}", hint="Run that pipeline again, then this block."
        )
    return state in _COMPLETED or _not_yet(f"{doing}: {what} has {f'the state {state}' if state else 'not ended'}")


def _not_yet(why: str) -> bool:
    print(why, flush=True)  # noqa: T201 - what a block prints is captured as its log
    return False


def _moment(value: dt.datetime | str | None, doing: str) -> str:
    """The moment as ISO 8601 text with its offset from UTC."""
    if value is None:
        return dt.datetime.now(dt.UTC).isoformat()
    try:
        moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise SettingInvalidError(
            f"{doing}: the execution date {value!r} is not a date", hint="Pass kwargs['execution_date']."
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).isoformat()
