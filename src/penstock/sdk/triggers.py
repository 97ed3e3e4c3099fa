"""Runs of other pipelines: starting them, waiting for their end, and handing outputs over to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.model.errors import SettingInvalidError
from penstock.model.messages import AskKind
from penstock.sdk.nesting import refuse_other_project
from penstock.sdk.remote import GlobalDataProduct, RemoteBlock
from penstock.sdk.requests import ask
from penstock.sdk.run_status import check_status
from penstock.sdk.runs import PipelineRun

__all__ = ["PipelineRun", "check_status", "trigger_and_check_status", "trigger_pipeline"]


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
    remote_blocks: Sequence[RemoteBlock | Mapping[str, Any]] | None = None,
    return_remote_blocks: bool = False,  # noqa: FBT001, FBT002
) -> PipelineRun | list[RemoteBlock]:
    """Start a run of another pipeline of this project.

    The run is one of its own, with its own logs, and knows which block has asked for it. While a block waits, it takes
    no place of the limits. A block that is repeated because it was killed goes on with the run that it had asked for.

    Args:
        pipeline_uuid: the pipeline.
        repo_path: the folder of this project; a pipeline of another one is not run.
        variables: values that the run adds to the pipeline's own.
        check_status: wait until the run has ended.
        error_on_failure: fail when it did not complete; only with `check_status`.
        poll_interval: accepted and ignored: the end of the run is told, not polled for.
        poll_timeout: how many seconds to wait for the end before this fails; the run goes on.
        schedule_name: the trigger of that pipeline that the run is counted for, with its variables and settings. One
            that is not declared is but a name.
        verbose: write into the block's log which run was asked for, and how it ended.
        remote_blocks: blocks whose outputs the blocks of that run find in `kwargs["remote_blocks"]`.
        return_remote_blocks: give the blocks of the run, to read their outputs from, instead of the run. It waits for
            the end of the run.

    Returns:
        The run as it is when this returns; with `return_remote_blocks` its blocks in their order.

    Raises:
        BlockFailedError: the run did not complete, or has not ended in time.
        GraphInvalidError: runs would wait for each other.
        PipelineNotFoundError: there is no such pipeline.
        UnsupportedError: another project is named, or the code does not run in a block of a run.
    """
    del poll_interval
    doing = f"triggering pipeline {pipeline_uuid}"
    refuse_other_project(repo_path, doing)
    answer = ask(
        AskKind.TRIGGER_PIPELINE,
        doing,
        {
            "pipeline_uuid": pipeline_uuid,
            "variables": dict(variables or {}),
            "check_status": check_status or return_remote_blocks,
            "error_on_failure": error_on_failure,
            "poll_timeout": poll_timeout,
            "schedule_name": schedule_name,
            "verbose": verbose,
            "remote_blocks": [_reference(each, doing) for each in remote_blocks or ()],
        },
    )
    run = PipelineRun.told(answer)
    return run.remote_blocks() if return_remote_blocks else run


def _reference(block: RemoteBlock | Mapping[str, Any], doing: str) -> dict[str, Any]:
    """The block as text that can be sent."""
    try:
        return RemoteBlock.load(block).located().to_dict()
    except (KeyError, TypeError) as error:
        raise SettingInvalidError(
            f"{doing}: {block!r} is no remote block", hint='Pass RemoteBlock.load(block_uuid="...").'
        ) from error


def trigger_and_check_status(
    global_data_product: GlobalDataProduct | str,
    variables: Mapping[str, Any] | None = None,
    **_options: Any,
) -> PipelineRun:
    """Run the pipeline of a global data product when that is outdated, and wait for its end.

    Args:
        global_data_product: the product, or its name.
        variables: values that the run adds to the pipeline's own.

    Returns:
        The run that has made it last.

    Raises: as `GlobalDataProduct.get_outputs`.
    """
    product = global_data_product if isinstance(global_data_product, GlobalDataProduct) else None
    return PipelineRun.told((product or GlobalDataProduct(str(global_data_product))).renewed(variables))
