"""What the reader is asked: one Struct for each kind of question."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.model.product import UNPARTITIONED
from penstock.server.schema.selections import Condition, SortBy


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One output of one version; an empty version is the newest good one, an empty output the first.

    `place` is where on the axes of an array before its last two; those that it does not name are at 0.
    """

    pipeline: str
    block: str
    partition: str = UNPARTITIONED
    version: str = ""
    output: str = ""
    place: tuple[int, ...] = ()


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows, in which order: conditions that all hold, a text that some column contains, sorting."""

    sort: tuple[SortBy, ...] = ()
    filters: tuple[Condition, ...] = ()
    search: str = ""


class PageQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="page"):
    """Some rows for showing, as an Arrow stream or as JSON."""

    target: Target
    offset: int = 0
    limit: int = 100
    rows: Rows = Rows()
    columns: tuple[str | int, ...] | None = None
    format: str = "arrow"


class ColumnsQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="columns"):
    """All columns of a table, by name and type: what a page of some of them leaves out."""

    target: Target


class CellQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="cell"):
    """One cell in full; `row` counts from 0 in the stored order."""

    target: Target
    row: int
    column: str | int


class ProfileQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="profile"):
    """Histogram or most frequent values, share of nulls, extremes of columns, over the chosen rows."""

    target: Target
    columns: tuple[str | int, ...] | None = None
    rows: Rows = Rows()


class ValueQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="value"):
    """What is no table, by MIME type. `path` leads into a tree by positions; `offset` passes over items there."""

    target: Target
    path: tuple[int, ...] = ()
    offset: int = 0


class FindQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="find"):
    """Where a text stands in a tree, as a key or in a value; upper and lower case are the same."""

    target: Target
    text: str


class FrameQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="frame"):
    """The markup of what shows itself as HTML or SVG."""

    target: Target


class RawQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="raw"):
    """The bytes of what is no table, as a file.

    With `json` a series, an array or a list is JSON too, and what has no JSON is refused wherever it stands in a value.
    """

    target: Target
    json: bool = False


class DownloadQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="download"):
    """A table as a file: csv, parquet, json or arrow."""

    target: Target
    format: str
    rows: Rows = Rows()
    columns: tuple[str | int, ...] | None = None


class DiffQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="diff"):
    """What differs between two versions of an output; row by row when there are keys.

    Keys of None: the column that identifies a row best, if there is one.
    """

    target: Target
    before: str
    after: str
    keys: tuple[str, ...] | None = ()


class ChartQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="chart"):
    """The points of a chart, aggregated; `configuration` as a pipeline stores it."""

    target: Target
    configuration: dict[str, Any]
    rows: Rows = Rows()


Question = (
    PageQuestion
    | ColumnsQuestion
    | CellQuestion
    | ProfileQuestion
    | ValueQuestion
    | FindQuestion
    | FrameQuestion
    | RawQuestion
    | DownloadQuestion
    | DiffQuestion
    | ChartQuestion
)
