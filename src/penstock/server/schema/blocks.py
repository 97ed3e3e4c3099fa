"""Changes of blocks, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from penstock.server.schema.pipelines import BlockDetail, PipelineDetail


class NewBlock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A block to add. Its text comes from one of `template`, `content`, `file` and `replicate`; else it is empty.

    `file` shares an existing file; `replicate` is the uuid of a block of the pipeline whose code this one runs too.
    `after` is the block before it in the list; None puts it first; left out, it comes last. A `name` that is taken is
    refused; from a `suggested` one the next that is free is made.
    """

    type: str
    name: str = ""
    suggested: str = ""
    language: str | None = None
    template: str | None = None
    values: dict[str, Any] = {}
    content: str | None = None
    file: str | None = None
    replicate: str | None = None
    configuration: dict[str, Any] = {}
    upstream: list[str] = []
    after: str | UnsetType | None = UNSET
    color: str | None = None


class BlockChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a block; what is left out stays. `configuration` replaces the whole map."""

    revision: str | None = None
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    upstream: list[str] | UnsetType = UNSET
    after: str | UnsetType | None = UNSET
    configuration: dict[str, Any] | UnsetType = UNSET
    color: str | UnsetType | None = UNSET
    timeout: float | UnsetType | None = UNSET
    retry_config: dict[str, Any] | UnsetType = UNSET
    executor_type: str | UnsetType | None = UNSET
    content: str | UnsetType = UNSET
    content_revision: str | None = None


class BlockChanged(msgspec.Struct, frozen=True):
    """The pipeline after a change, and the uuid that the block has now."""

    block: str
    pipeline: PipelineDetail


class ContentSave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a block, and the revision that it was made from."""

    content: str
    revision: str


class ContentSaved(msgspec.Struct, frozen=True):
    """The text was written. `pipeline` is there when edges were drawn or removed with it; `notes` say what else."""

    content_revision: str
    block: BlockDetail
    pipeline: PipelineDetail | None = None
    notes: list[str] = []


class BlockName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a copy; made up when it is empty."""

    name: str = ""


class BlockDeletion(msgspec.Struct, frozen=True):
    """Whether the file of a deleted block stays; one that other pipelines use always does."""

    keep_file: bool = False


class BlockDeleted(msgspec.Struct, frozen=True):
    """The pipeline without the block; the token brings it back, for a day."""

    undo: str
    paths: list[str]
    pipeline: PipelineDetail


class LibraryBlock(msgspec.Struct, frozen=True):
    """A block file of the project, and the pipelines that use it."""

    file: str
    name: str
    type: str
    language: str
    pipelines: list[str]


class Library(msgspec.Struct, frozen=True):
    """All block files, by path."""

    blocks: list[LibraryBlock]
