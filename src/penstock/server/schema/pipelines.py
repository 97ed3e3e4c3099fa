"""Pipelines and their blocks, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from penstock.server.schema.diagnostics import DiagnosticDetail


class RunMark(msgspec.Struct, frozen=True):
    """One run in the small chart of a pipeline's last runs; `started` in seconds since the epoch."""

    run: str
    state: str
    started: float
    seconds: float | None = None


class PipelineSummary(msgspec.Struct, frozen=True):
    """One line of the list of pipelines. `error` tells in one sentence why its file cannot be read."""

    uuid: str
    name: str
    type: str
    description: str
    tags: list[str]
    blocks: int
    created_at: str | None
    updated_at: str
    error: str | None = None
    runs: list[RunMark] = []
    running: int = 0


class PipelineList(msgspec.Struct, frozen=True):
    """All pipelines of the project, by uuid."""

    pipelines: list[PipelineSummary]


class FunctionDetail(msgspec.Struct, frozen=True):
    """The decorated function of a block: `parameters` are the positional ones, `varargs` whether there is `*args`."""

    name: str
    line: int
    parameters: list[str]
    varargs: bool = False


class BlockDetail(msgspec.Struct, frozen=True):
    """A block of a pipeline with its text.

    `file` is relative to the project, also for files that several pipelines share; `content` is None when it cannot
    be shown as text, and then `content_error` says why.
    """

    uuid: str
    name: str
    type: str
    declared_type: str
    language: str
    upstream: list[str]
    downstream: list[str]
    configuration: dict[str, Any]
    color: str | None
    file: str | None
    content: str | None
    content_revision: str
    content_error: str | None
    shared_with: list[str]
    runnable: bool
    accepts_upstream: bool
    timeout: float | None
    retry_config: dict[str, Any]
    function: FunctionDetail | None
    tests: list[str]
    executor_type: str | None = None
    replicated_block: str | None = None


class ChartDetail(msgspec.Struct, frozen=True):
    """A chart of a pipeline: its configuration, and its code when it has any."""

    uuid: str
    name: str
    type: str
    language: str
    upstream: list[str]
    configuration: dict[str, Any]
    content: str | None
    content_revision: str
    file: str | None
    content_error: str | None = None


class VariableDetail(msgspec.Struct, frozen=True):
    """A variable of a pipeline; `type` is text, number, boolean, list, map, date or nothing."""

    name: str
    value: Any
    type: str


class GitState(msgspec.Struct, frozen=True):
    """The branch, and which files of the pipeline differ from the last commit."""

    branch: str
    changed: list[str]


class PipelineDetail(msgspec.Struct, frozen=True):
    """A pipeline with everything that the editor shows of it. `revision` names the exact bytes of its file."""

    uuid: str
    name: str
    type: str
    declared_type: str
    description: str
    tags: list[str]
    revision: str
    file: str
    blocks: list[BlockDetail]
    callbacks: list[BlockDetail]
    conditionals: list[BlockDetail]
    charts: list[ChartDetail]
    variables: list[VariableDetail]
    settings: dict[str, Any]
    diagnostics: list[DiagnosticDetail]
    created_at: str | None
    updated_at: str
    runnable: bool
    git: GitState | None = None
    notes: list[str] = []


class NewPipeline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pipeline to make: empty, a copy of another, or from a template of the project.

    `own_files` gives a copy its own block files; otherwise both pipelines share them. `folder` is below `pipelines/`.
    """

    name: str
    type: str = "python"
    description: str = ""
    tags: list[str] = []
    clone_of: str | None = None
    own_files: bool = False
    template: str | None = None
    folder: str = ""


class VariableChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Variables to set and to remove."""

    set: dict[str, Any] = {}
    delete: list[str] = []


class PipelineChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a pipeline; what is left out stays. In `settings`, None removes a key."""

    revision: str | None = None
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    variables: VariableChanges | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    order: list[str] | UnsetType = UNSET


class NewName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name that something is to get."""

    name: str


class NewFolder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folder that something is to move to; "" is the top."""

    folder: str


class PipelineDeletion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to delete a pipeline: `delete_files` with the block files that no other pipeline uses."""

    delete_files: bool = False


class Undo(msgspec.Struct, frozen=True):
    """What was deleted can be had back with this token, for a day. `paths` are the files that went."""

    undo: str
    paths: list[str] = []


class Undone(msgspec.Struct, frozen=True):
    """What came back."""

    pipeline: PipelineDetail | None
    paths: list[str]


class ExportQuery(msgspec.Struct, frozen=True):
    """How to pack a pipeline: with the folders of its block files, or all files side by side."""

    keep_folders: bool = True


class ImportQuery(msgspec.Struct, frozen=True):
    """Under which name to unpack one; its own when it is empty."""

    name: str = ""


class YamlFile(msgspec.Struct, frozen=True):
    """A pipeline's file as text, and what is odd about it."""

    file: str
    content: str
    revision: str
    diagnostics: list[DiagnosticDetail]
