"""A block: one file of user work, and its entry in a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class BlockType(StrEnum):
    """What a block is for. `UNKNOWN` stands for a type of another version: the block loads and does not run."""

    DATA_LOADER = "data_loader"
    TRANSFORMER = "transformer"
    DATA_EXPORTER = "data_exporter"
    CUSTOM = "custom"
    SENSOR = "sensor"
    SCRATCHPAD = "scratchpad"
    MARKDOWN = "markdown"
    CALLBACK = "callback"
    CONDITIONAL = "conditional"
    CHART = "chart"
    DBT = "dbt"
    EXTENSION = "extension"
    GLOBAL_DATA_PRODUCT = "global_data_product"
    UNKNOWN = "unknown"


class Language(StrEnum):
    """In which language a block's file is written."""

    PYTHON = "python"
    SQL = "sql"
    R = "r"
    YAML = "yaml"
    MARKDOWN = "markdown"
    UNKNOWN = "unknown"


FOLDERS: Mapping[BlockType, str] = {
    BlockType.DATA_LOADER: "data_loaders",
    BlockType.TRANSFORMER: "transformers",
    BlockType.DATA_EXPORTER: "data_exporters",
    BlockType.CUSTOM: "custom",
    BlockType.SENSOR: "sensors",
    BlockType.SCRATCHPAD: "scratchpads",
    BlockType.MARKDOWN: "markdowns",
    BlockType.CALLBACK: "callbacks",
    BlockType.CONDITIONAL: "conditionals",
    BlockType.CHART: "charts",
    BlockType.DBT: "dbt",
    BlockType.EXTENSION: "extensions",
}
"""The project folder of each block type that has files of its own."""

EXTENSIONS: Mapping[Language, str] = {
    Language.PYTHON: "py",
    Language.SQL: "sql",
    Language.R: "r",
    Language.YAML: "yaml",
    Language.MARKDOWN: "md",
}
"""The file name extension of each language."""

RUNNABLE_TYPES = frozenset(
    {
        BlockType.DATA_LOADER,
        BlockType.TRANSFORMER,
        BlockType.DATA_EXPORTER,
        BlockType.CUSTOM,
        BlockType.SENSOR,
        BlockType.GLOBAL_DATA_PRODUCT,
    }
)
"""Types that make a block run of their own in a pipeline run."""

MOVE_IT = "Move it into the project."
"""What to do about a block's file that is outside of the project."""


def outside_words(path: str) -> str:
    """What is wrong with a block whose file is outside of the project: when it is checked and when it is run."""
    return f"its file {path} is outside the project"


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of a pipeline's `blocks`, `callbacks`, `conditionals` or `widgets`.

    `upstream` keeps the order of the file, which is the order of the function's arguments. `file` is the resolved
    path of the code, absolute, or None when the block has no file (inline `content`, or the file is missing); `outside`
    is the path that the entry names when that leaves the project.
    `raw` is the entry as read, with the keys that this version does not know.
    """

    uuid: str
    name: str
    type: BlockType
    language: Language
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    file: str | None = None
    content: str | None = None
    declared_type: str = ""
    timeout: float | None = None
    retry_config: Mapping[str, Any] = field(default_factory=dict)
    executor_type: str | None = None
    replicated_block: str | None = None
    color: str | None = None
    outside: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)
