"""Data products: what a block's output is, how one is addressed, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

UNPARTITIONED = "_"
"""The partition of a product that declares none."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the versions of a block's output live: one pipeline, block and partition."""

    pipeline: str
    block: str
    partition: str = UNPARTITIONED

    def __str__(self) -> str:
        tail = "" if self.partition == UNPARTITIONED else f"@{self.partition}"
        return f"{self.pipeline}/{self.block}{tail}"


@dataclass(frozen=True, slots=True)
class ProductRef:
    """One immutable version of a block's output; `version` is the name that the store gave at publication."""

    address: Address
    version: str

    def __str__(self) -> str:
        return f"{self.address}#{self.version}"


@dataclass(frozen=True, slots=True)
class PartName:
    """What an attempt has yielded, as its children name it while no version is published: the part, counted from 0."""

    run: str
    token: int
    number: int

    def version(self) -> str:
        """The version of a reference to it."""
        return f"part-{self.token}-{self.number}-{self.run}"


def part_of(version: str) -> PartName | None:
    """The part that a version names; None for a published one."""
    word, *pieces = version.split("-", 3)
    if word != "part" or len(pieces) < 3 or not all(piece.isascii() and piece.isdigit() for piece in pieces[:2]):  # noqa: PLR2004
        return None
    return PartName(pieces[2], int(pieces[0]), int(pieces[1]))


@dataclass(frozen=True, slots=True)
class Fence:
    """The right of one attempt to publish: `token` counts the attempts of a block within a run, from 1.

    The control side issues it when it starts the attempt; publication is refused once a higher token of the same run
    and block has been issued.
    """

    run: str
    block: str
    token: int


class Kind(StrEnum):
    """What a reader may expect of an output, whatever the codec."""

    TABLE = "table"
    SERIES = "series"
    ARRAY = "array"
    JSON = "json"
    TEXT = "text"
    BYTES = "bytes"
    IMAGE = "image"
    FIGURE = "figure"
    MODEL = "model"
    OBJECT = "object"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a tabular output. `minimum` and `maximum` are JSON values; absent statistics are None.

    `exact` says whether the statistics cover every row (a sample otherwise).
    """

    name: str
    type: str
    nulls: int | None = None
    minimum: Any = None
    maximum: Any = None
    distinct: int | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """What is told about one output of a block: enough for a line of progress and for a preview.

    `rows` is None for what has no rows; `bytes` is the size of what this version holds, `stored_bytes` what it added
    on disk (columns that passed through unchanged are not stored again).
    """

    name: str
    kind: Kind
    codec: str
    rows: int | None = None
    bytes: int = 0
    stored_bytes: int = 0
    columns: tuple[Column, ...] = ()
    preview: Any = None


@dataclass(frozen=True, slots=True)
class Items:
    """What a dynamic block has returned, as far as it must be known to start its children.

    `names` are the labels from its metadata, one for each item; none at all means that they are numbered. `parts` are
    the numbers of items in what it has yielded, part by part; none at all means that its output is one whole.
    """

    count: int
    names: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()

    def labels(self, first: int = 0) -> tuple[str, ...]:
        """What the children are called, from that item on; as one part of several, `first` items came before."""
        return self.names or tuple(str(at) for at in range(first, first + self.count))


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a version was made from; the fingerprint covers all of it and nothing else.

    `code` maps each project file that took part, relative to the project, to its SHA-256; `inputs` are the pinned
    upstream versions in argument order; `variables` the values that the user can set, JSON; `environment` package
    name -> version, the interpreter included.
    """

    code: dict[str, str] = field(default_factory=dict)
    inputs: tuple[ProductRef, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    run: str = ""
    attempt: int = 0
