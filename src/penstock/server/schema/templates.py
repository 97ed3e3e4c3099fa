"""Templates of blocks and pipelines, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class TemplateSummary(msgspec.Struct, frozen=True):
    """A template in the menu.

    `inputs` is how many upstreams its code takes, -1 for any number. When it is not `ready`, `needs` says what to
    install, or why this version cannot run it.
    """

    id: str
    name: str
    description: str
    block_type: str
    language: str
    group: str
    inputs: int
    ready: bool
    needs: str | None
    source: str
    color: str | None
    tags: list[str]


class TemplateList(msgspec.Struct, frozen=True):
    """All templates, in the order of the menu."""

    templates: list[TemplateSummary]


class TemplateParameter(msgspec.Struct, frozen=True):
    """A constant at the top of a template's code that can be filled in, and the value that stands there."""

    name: str
    value: Any


class TemplateDetail(TemplateSummary, frozen=True):
    """A template with its code; `file` and `revision` are there for one of the project."""

    content: str = ""
    parameters: list[TemplateParameter] = []
    configuration: dict[str, Any] = {}
    file: str | None = None
    revision: str | None = None


class NewTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template for the project: with `pipeline` and `block` that block's code and settings, else what is given."""

    name: str
    description: str = ""
    color: str | None = None
    tags: list[str] = []
    block_type: str = "custom"
    language: str = "python"
    content: str = ""
    configuration: dict[str, Any] = {}
    pipeline: str | None = None
    block: str | None = None


class TemplateChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a template of the project; `content` needs the `revision` that was seen."""

    name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    color: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    configuration: dict[str, Any] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    revision: str | None = None


class TemplateDeleted(msgspec.Struct, frozen=True):
    """The token brings it back, for a day."""

    undo: str


class PipelineTemplate(msgspec.Struct, frozen=True):
    """A pipeline to start from."""

    id: str
    name: str
    description: str
    blocks: list[str]
    source: str
    tags: list[str] = []


class PipelineTemplateList(msgspec.Struct, frozen=True):
    """All pipelines to start from."""

    templates: list[PipelineTemplate]


class NewPipelineTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pipeline of the project that is to be kept as a template."""

    name: str
    pipeline: str
    description: str = ""
    tags: list[str] = []
