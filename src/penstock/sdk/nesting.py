"""Running a pipeline from within a block, by Mage's entry point."""

from __future__ import annotations

from typing import Any

from penstock.model.errors import UnsupportedError
from penstock.sdk.triggers import trigger_pipeline


def run(
    pipeline_uuid: str,
    project_path: str | None = None,
    block_uuid: str | None = None,
    run_sensors: bool = True,  # noqa: FBT001, FBT002 - the signature that block code uses
    **variables: Any,
) -> None:
    """Run another pipeline of this project and wait for its end.

    Args:
        pipeline_uuid: the pipeline.
        project_path: accepted and ignored, as there is one project.
        block_uuid: a single block cannot be run from within a block.
        run_sensors: accepted and ignored.
        variables: values that the run adds to the pipeline's own.

    Raises:
        UnsupportedError: a block is named, or the code does not run in a block; there `penstock.run` does it.
    """
    del project_path, run_sensors
    if block_uuid is not None:
        raise UnsupportedError(
            f"running block {block_uuid} of pipeline {pipeline_uuid}: a block can only run whole pipelines",
            hint="Make a pipeline of that block and run it.",
        )
    trigger_pipeline(pipeline_uuid, variables=variables, check_status=True, error_on_failure=True)
