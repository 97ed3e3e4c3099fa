"""Runs of other pipelines: starting them and asking how they went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import BlockFailedError, SettingInvalidError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk.requests import ask

_COMPLETED = frozenset({"completed", "skipped"})
_FAILED = frozenset({"failed", "cancelled", "upstream_failed"})


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A run as block code sees it. `status` is that of the moment in which the answer was given."""

    id: str
    pipeline_uuid: str
    status: str
    variables: dict[str, Any] = field(default_factory=dict)


def trigger_pipeline(  # noqa: PLR0917 - the signature that block code uses
    pipeline_uuid: str,
    repo_path: str | None = None,
    variables: Mapping[str, Any] | None = None,
    check_status: bool = False,  # noqa: FBT001, FBT002
    error_on_failure: bool = False,  # noqa: FBT001, FBT002
    poll_interval: float = 60,
    poll_timeout: float | None = None,
    schedule_name: str | None = None,
    verbose: bool = True,  # noqa: FBT001, FBT002
    remote_blocks: Sequence[Any] | None = None,
    return_remote_blocks: bool = False,  # noqa: FBT001, FBT002
) -> PipelineRun:
    """Start a run of another pipeline of this project.

    Args:
        pipeline_uuid: the pipeline.
        repo_path: accepted and ignored, as there is one project.
        variables: values that the run adds to the pipeline's own.
        check_status: wait until the run has ended.
        error_on_failure: fail when it did not complete; only with `check_status`.
        poll_interval: accepted and ignored: the end of the run is told, not polled for.
        poll_timeout: how many seconds to wait for the end.
        schedule_name: the trigger that the run is counted for.
        verbose: accepted and ignored.
        remote_blocks: not supported yet.
        return_remote_blocks: not supported yet.

    Raises:
        PipelineNotFoundError: there is no such pipeline.
        UnsupportedError: with remote blocks, or outside a run.
    """
    del repo_path, poll_interval, verbose
    doing = f"triggering pipeline {pipeline_uuid}"
    if remote_blocks or return_remote_blocks:
        raise UnsupportedError(
            f"{doing}: handing over remote blocks is not supported yet",
            hint="Let the triggered pipeline read the outputs with get_variable.",
        )
    values = dict(variables or {})
    answer = ask(
        AskKind.TRIGGER_PIPELINE,
        doing,
        {
            "pipeline_uuid": pipeline_uuid,
            "variables": values,
            "check_status": check_status,
            "error_on_failure": error_on_failure,
            "poll_timeout": poll_timeout,
            "schedule_name": schedule_name,
        },
    )
    return PipelineRun(str(answer["id"]), str(answer["pipeline_uuid"]), str(answer["status"]), values)


def check_status(
    pipeline_uuid: str,
    execution_date: dt.datetime | str | None = None,
    repo_path: str | None = None,
    block_uuid: str | None = None,
    hours: float = 24,
) -> bool:
    """Whether the latest run of a pipeline, or a block in it, has completed: what a sensor waits for.

    Args:
        pipeline_uuid: the pipeline.
        execution_date: the end of the window in which the run began; now when it is None. UTC when it names no zone.
        repo_path: accepted and ignored, as there is one project.
        block_uuid: ask for this block instead of the whole run.
        hours: the length of the window.

    Raises:
        BlockFailedError: the run or the block failed or was cancelled, so that waiting is in vain.
    """
    del repo_path
    doing = f"checking the status of pipeline {pipeline_uuid}"
    found = ask(
        AskKind.RUN_STATUS,
        doing,
        {"pipeline_uuid": pipeline_uuid, "execution_date": _moment(execution_date, doing), "hours": hours},
    )
    if not found:
        return False
    state = str(found["state"] if block_uuid is None else found.get("blocks", {}).get(block_uuid, ""))
    if state in _FAILED:
        what = "the run" if block_uuid is None else f"block {block_uuid} in the run"
        raise BlockFailedError(
            f"{doing}: {what} {found.get('run', '')} has the state {state}",
            hint="Run that pipeline again, then this block.",
        )
    return state in _COMPLETED


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


def trigger_and_check_status(*_arguments: Any, **_options: Any) -> Any:
    """Refused: global data products are not supported yet.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        "running the pipeline of a global data product: global data products are not supported yet",
        hint="Use trigger_pipeline(..., check_status=True) and get_variable.",
    )
