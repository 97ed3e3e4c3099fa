"""Running a pipeline from within a block, by Mage's entry point."""

from __future__ import annotations

import os
import re
from typing import Any

from penstock.model.errors import UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk.context import current
from penstock.sdk.requests import ask


def run(
    pipeline_uuid: str,
    project_path: str | None = None,
    block_uuid: str | None = None,
    run_sensors: bool = True,  # noqa: FBT001, FBT002 - the signature that block code uses
    **variables: Any,
) -> None:
    """Run another pipeline of this project, or one block of it, and wait for its end.

    Args:
        pipeline_uuid: the pipeline.
        project_path: the folder of this project; a pipeline of another one is not run.
        block_uuid: only this block, on the stored outputs of its upstreams.
        run_sensors: False counts sensors as satisfied.
        variables: values that the run adds to the pipeline's own.

    Raises:
        BlockFailedError: the run did not complete.
        UnsupportedError: another project is named, or the code does not run in a block; there `penstock.run` does it.
    """
    doing = f"running pipeline {pipeline_uuid}"
    refuse_other_project(project_path, doing)
    arguments: dict[str, Any] = {
        "pipeline_uuid": pipeline_uuid,
        "variables": variables,
        "check_status": True,
        "error_on_failure": True,
        "block_uuid": block_uuid or "",
        "skip_sensors": not run_sensors,
    }
    ask(AskKind.TRIGGER_PIPELINE, doing, arguments)


def refuse_other_project(path: str | os.PathLike[str] | None, doing: str) -> None:
    """Refuse the folder of another project than the block's; a relative one may be told from beside or within it.

    A folder that is not on this machine and has the project's name is where the project was when that was written.

    Raises:
        UnsupportedError: it is another one, or there is none.
    """
    if not path:
        return
    here = os.path.realpath(current().project)
    bases = ("", here, os.path.dirname(here))  # noqa: PTH120 - of text that users write
    found = [os.path.realpath(os.path.join(base, path)) for base in bases]  # noqa: PTH118 - as above
    there = any(map(os.path.exists, found))
    name = re.split(r"[/\\]", os.fspath(path).rstrip("/\\"))[-1]
    if here not in found and (there or name != current().project_name):
        raise UnsupportedError(
            f"{doing}: {os.fspath(path)[:200]} is not this project, which is {here}",
            hint="A block runs pipelines of its own project. Leave out the path, or use `penstock.run`.",
        )
