"""Stored outputs, as JSON: the catalogue, a product's versions, pages, profiles, values, differences, charts."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.server.schema.selections import Condition, SortBy


class ColumnDetail(msgspec.Struct, frozen=True):
    """A column and what was found when it was stored; `exact` says whether of every row."""

    name: str
    type: str
    nulls: int | None = None
    minimum: Any = None
    maximum: Any = None
    distinct: int | None = None
    exact: bool = True


class OutputDetail(msgspec.Struct, frozen=True):
    """One output of a version: enough to show its first rows before anything is read."""

    name: str
    kind: str
    codec: str
    rows: int | None
    bytes: int
    columns: list[ColumnDetail]
    preview: Any = None


class ProductSummary(msgspec.Struct, frozen=True):
    """The newest version of a product; `at` in seconds since the epoch. `error` when it cannot be read."""

    pipeline: str
    block: str
    partition: str
    version: str
    versions: int
    kind: str
    outputs: list[OutputDetail]
    rows: int | None
    bytes: int
    at: float
    run: str
    good: bool = True
    error: str | None = None


class ProductList(msgspec.Struct, frozen=True):
    """All products, the newest first."""

    products: list[ProductSummary]


class ProductQuery(msgspec.Struct, frozen=True):
    """Which products: of a pipeline, with a text in their name or columns."""

    pipeline: str | None = None
    q: str = ""


class VersionSummary(msgspec.Struct, frozen=True):
    """One version; `number` counts from 1. `good` when all its tests passed."""

    version: str
    number: int
    at: float
    run: str
    rows: int | None
    bytes: int
    good: bool
    error: str | None = None


class VersionDetail(msgspec.Struct, frozen=True):
    """A version with its outputs."""

    version: str
    number: int
    at: float
    run: str
    rows: int | None
    bytes: int
    good: bool
    outputs: list[OutputDetail]


class CodeFile(msgspec.Struct, frozen=True):
    """A file of the project that took part, and its SHA-256 then."""

    path: str
    sha: str


class InputProduct(msgspec.Struct, frozen=True):
    """A version that a block read."""

    pipeline: str
    block: str
    partition: str
    version: str


class ProductLineage(msgspec.Struct, frozen=True):
    """What a version was made from."""

    code: list[CodeFile]
    inputs: list[InputProduct]
    variables: dict[str, Any]
    environment: dict[str, str]


class ProductAddress(msgspec.Struct, frozen=True):
    """Where the versions of a product live."""

    pipeline: str
    block: str
    partition: str


class ProductDetail(msgspec.Struct, frozen=True):
    """A product: its newest versions; `latest` is the one that was asked for, else the newest good one."""

    address: ProductAddress
    partitions: list[str]
    versions: list[VersionSummary]
    latest: VersionDetail
    lineage: ProductLineage
    upstream: list[ProductAddress]
    downstream: list[ProductAddress]
    versions_total: int = 0


class PartitionQuery(msgspec.Struct, frozen=True):
    """Which partition and version of a product."""

    partition: str = "_"
    version: str = ""


class OutputQuery(msgspec.Struct, frozen=True):
    """Which output: of a partition and version; the newest good version and the first output when empty.

    `at` is which part of an array with more than two axes: places on all axes but the last two, with commas between.
    """

    partition: str = "_"
    version: str = ""
    output: str = ""
    at: str = ""


class PageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows to show. Columns are names or positions; `search` is a text that some column contains."""

    offset: int = 0
    limit: int = 100
    sort: list[SortBy] = []
    filters: list[Condition] = []
    columns: list[str | int] | None = None
    search: str = ""
    format: str = "arrow"


class ColumnName(msgspec.Struct, frozen=True):
    """A column: its position, by which it is asked for, and whether it is of the data or of an index."""

    name: str
    index: int
    type: str
    role: str


class Columns(msgspec.Struct, frozen=True):
    """All columns of an output of one version."""

    version: str
    output: str
    columns: list[ColumnName]


class ProfileRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns to describe, over the rows that the conditions leave."""

    columns: list[str | int] | None = None
    filters: list[Condition] = []
    search: str = ""


class HistogramDetail(msgspec.Struct, frozen=True):
    """Counts between edges: one edge more than counts. Edges of times are text."""

    edges: list[Any]
    counts: list[int]


class TopValue(msgspec.Struct, frozen=True):
    """A frequent value and how often it occurs."""

    value: Any
    count: int


class ColumnProfile(msgspec.Struct, frozen=True):
    """What a column holds.

    `nan` counts values that are no number; `exact` says whether every row was looked at, `distinct_exact` whether the
    different values were counted or estimated.
    """

    name: str
    index: int
    type: str
    rows: int
    nulls: int | None
    null_share: float | None
    distinct: int | None
    minimum: Any
    maximum: Any
    mean: Any = None
    nan: int = 0
    histogram: HistogramDetail | None = None
    top: list[TopValue] | None = None
    distinct_exact: bool = True
    exact: bool = True


class Profile(msgspec.Struct, frozen=True):
    """The columns that were asked for."""

    columns: list[ColumnProfile]
    rows: int
    version: str


class CellQuery(msgspec.Struct, frozen=True):
    """A cell of an output; `row` in the stored order, `column` a name or, with `index`, a position."""

    row: int
    column: str = ""
    index: int | None = None
    partition: str = "_"
    version: str = ""
    output: str = ""
    at: str = ""


class Cell(msgspec.Struct, frozen=True):
    """A cell in full, up to 16 MB; `text` is None for NULL."""

    text: str | None
    size: int
    truncated: bool


class ValueQuery(msgspec.Struct, frozen=True):
    """Which output, and where in a tree: positions with commas between them; `offset` passes over items there."""

    partition: str = "_"
    version: str = ""
    output: str = ""
    path: str = ""
    offset: int = 0


class FindQuery(msgspec.Struct, frozen=True):
    """Which output, and the text that is looked for in its keys and values."""

    text: str
    partition: str = "_"
    version: str = ""
    output: str = ""


class ValuePlace(msgspec.Struct, frozen=True):
    """A place in a tree: the path as positions and as text, and what stands there."""

    path: list[int]
    name: str
    text: str


class Places(msgspec.Struct, frozen=True):
    """The first places in the order of the tree; `more` when there are others."""

    hits: list[ValuePlace]
    more: bool


class Value(msgspec.Struct, frozen=True):
    """An output by MIME type; `text/html` stands for the page that `frame` gives. `truncated` when it is not all."""

    mime: dict[str, Any]
    truncated: bool
    size: int
    kind: str
    codec: str
    output: str
    version: str


class DownloadQuery(msgspec.Struct, frozen=True):
    """Which output as which file: csv, parquet, json, arrow, or raw.

    `q` is a Selection as JSON; `at` a part of an array.
    """

    format: str
    partition: str = "_"
    version: str = ""
    output: str = ""
    at: str = ""
    q: str = ""


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows and columns to download."""

    sort: list[SortBy] = []
    filters: list[Condition] = []
    search: str = ""
    columns: list[str | int] | None = None


class DiffRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two versions to compare; row by row when `keys` name columns that identify a row.

    Without `keys`, the column that identifies rows best is taken, if there is one; an empty list takes none.
    """

    before: str
    after: str
    keys: list[str] | None = None


class NewColumn(msgspec.Struct, frozen=True):
    """A column that one version has and the other has not."""

    name: str
    type: str


class RetypedColumn(msgspec.Struct, frozen=True):
    """A column whose type is another."""

    name: str
    before: str
    after: str


class SchemaDiff(msgspec.Struct, frozen=True):
    """How the columns differ."""

    added: list[NewColumn]
    removed: list[NewColumn]
    retyped: list[RetypedColumn]
    reordered: bool = False


class Counted(msgspec.Struct, frozen=True):
    """A number before and after."""

    before: int | None
    after: int | None


class HistogramPair(msgspec.Struct, frozen=True):
    """Two histograms over the same edges."""

    edges: list[Any]
    before: list[int]
    after: list[int]


class ValuesPair(msgspec.Struct, frozen=True):
    """The most frequent values of both versions, and how often each occurs in each."""

    labels: list[Any]
    before: list[int]
    after: list[int]


class DistributionDiff(msgspec.Struct, frozen=True):
    """A common column; `unchanged` when it is the very same stored data."""

    column: str
    type: str
    nulls: Counted
    unchanged: bool = False
    histogram: HistogramPair | None = None
    values: ValuesPair | None = None


class RowChange(msgspec.Struct, frozen=True):
    """A row that was added, removed or changed; cells as text, the key first."""

    change: str
    before: dict[str, str | None] | None
    after: dict[str, str | None] | None


class KeyedDiff(msgspec.Struct, frozen=True):
    """Rows by key; `changed_columns` counts the rows in which each differs."""

    keys: list[str]
    added: int
    removed: int
    changed: int
    changed_columns: dict[str, int]
    sample: list[RowChange]


class Difference(msgspec.Struct, frozen=True):
    """What differs between two versions of an output; `key_candidates` may identify a row, as far as is known."""

    before: str
    after: str
    output: str
    kinds: list[str]
    rows: Counted
    schema: SchemaDiff
    distributions: list[DistributionDiff]
    keyed: KeyedDiff | None
    content_differs: bool
    key_candidates: list[str] = []
    notes: list[str] = []


class ChartRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chart to draw: its configuration as a pipeline stores it, and conditions on the rows."""

    chart: dict[str, Any]
    filters: list[Condition] = []
    search: str = ""


class ChartColumn(msgspec.Struct, frozen=True):
    """A column of a chart's points: its role is x, x_end, y or series; its type number, time or text."""

    name: str
    role: str
    type: str


class Chart(msgspec.Struct, frozen=True):
    """The points of a chart. `total` counts what there was to draw, `note` tells what was left out or put together."""

    chart_type: str
    columns: list[ChartColumn]
    rows: list[list[Any]]
    series: list[Any]
    total: int
    note: str
    version: str
