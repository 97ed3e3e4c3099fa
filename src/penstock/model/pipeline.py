"""A pipeline and a project, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.model.block import Block


class PipelineType(StrEnum):
    """What kind of work a pipeline does; the values are those of the files."""

    PYTHON = "python"
    INTEGRATION = "integration"
    STREAMING = "streaming"
    PYSPARK = "pyspark"
    DATABRICKS = "databricks"
    EXECUTION_FRAMEWORK = "execution_framework"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A named graph of blocks. `uuid` is the folder's name; `raw` the whole file, unknown keys included."""

    uuid: str
    name: str
    type: PipelineType = PipelineType.PYTHON
    declared_type: str = "python"
    description: str = ""
    tags: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    callbacks: tuple[Block, ...] = ()
    conditionals: tuple[Block, ...] = ()
    widgets: tuple[Block, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    retry_config: Mapping[str, Any] = field(default_factory=dict)
    concurrency_config: Mapping[str, Any] = field(default_factory=dict)
    run_in_one_process: bool = False
    cache_output_in_memory: bool = False
    file: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    def block(self, uuid: str) -> Block | None:
        """The block of that uuid, or None."""
        return next((block for block in self.blocks if block.uuid == uuid), None)
