"""Charts of a pipeline, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from penstock.server.schema.pipelines import PipelineDetail
from penstock.server.schema.products import ChartColumn


class NewChart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chart of a block's output: configured, or drawn by `content`. Without a name one is made up."""

    block: str
    configuration: dict[str, Any]
    name: str = ""
    content: str = ""


class ChartChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a chart; `configuration` replaces the whole map."""

    revision: str | None = None
    name: str | UnsetType = UNSET
    block: str | UnsetType = UNSET
    configuration: dict[str, Any] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    content_revision: str | None = None


class ChartChanged(msgspec.Struct, frozen=True):
    """The pipeline after a change, and the uuid that the chart has now."""

    chart: str
    pipeline: PipelineDetail


class ChartDeleted(msgspec.Struct, frozen=True):
    """The pipeline without the chart; the token brings it back, for a day."""

    undo: str
    paths: list[str]
    pipeline: PipelineDetail


class Points(msgspec.Struct, frozen=True):
    """What a chart's code has drawn; as a chart of a table, with `index` as a further role of columns."""

    chart_type: str
    columns: list[ChartColumn]
    rows: list[list[Any]]
    series: list[Any]
    total: int
    note: str


class DrawnChart(msgspec.Struct, frozen=True):
    """A chart by code: its points, or what it rendered by MIME type; `text/html` holds the `url` of a page."""

    version: str
    points: Points | None = None
    mime: dict[str, Any] | None = None
