"""The manifest: one small JSON document that makes an attempt's outputs visible, all at once, and says what they are.

Only msgspec is imported to read and write one: no table library.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from penstock.data.plain import decode_plain, encode_plain
from penstock.data.shared_text import Runs
from penstock.model.errors import ProductCorruptError
from penstock.model.messages import TestOutcome
from penstock.model.product import Fence, Items, Lineage, OutputSummary, ProductRef

FORMATS = (1, 2)
"""The versions of the manifest's shape that are read. The second has columns whose text lies with another column."""
FORMAT = 1
SHARED_TEXT_FORMAT = 2


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A data file that the version reads: `key` below the store's root, `size` in bytes.

    `own` is false for a file that another version wrote.
    """

    key: str
    size: int
    own: bool = True


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where the text of a column of bare views lies; as `shared_text.SharedText`, by the number of the file."""

    file: int
    position: int
    batches: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class ColumnPlace:
    """Where a column lies: which of the manifest's files, and the position of the column in it.

    With `text` what lies there are its bare views.
    """

    file: int
    position: int
    text: TextPlace | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """How one value is stored; values inside it that are stored for themselves are its `parts`.

    `meta` belongs to the codec. What is small and plain stands in `inline` itself; `blob` is the number of a file with
    bytes; `columns` are the places of a table's columns, the columns that hold an index (as `index_columns` counts
    them) at the end.
    """

    codec: str
    version: int = 1
    meta: Any = None
    inline: Any = None
    blob: int | None = None
    rows: int | None = None
    columns: tuple[ColumnPlace, ...] = ()
    names: tuple[str, ...] = ()
    index_columns: int = 0
    parts: tuple[Stored, ...] = ()

    def shares_text(self) -> bool:
        """Whether the text of any column lies with another column."""
        return any(place.text is not None for place in self.columns) or any(part.shares_text() for part in self.parts)


def format_of(outputs: Iterable[OutputEntry]) -> int:
    """The lowest version of the manifest's shape that has these outputs."""
    return SHARED_TEXT_FORMAT if any(entry.stored.shares_text() for entry in outputs) else FORMAT


@dataclass(frozen=True, slots=True)
class OutputEntry:
    """One output: what is told about it, and how it is stored."""

    summary: OutputSummary
    stored: Stored


@dataclass(frozen=True, slots=True)
class Manifest:
    """One immutable version of a block's outputs.

    `created_at` is UTC in ISO 8601; `fingerprint` is what `fingerprint(lineage)` gave; `files` are all data files
    that a reader needs, those of other versions included; `items` is what the children of a dynamic block are to be.
    `boot` names the boot of the machine in which it was made, when it was not forced to the disk; see `deferral`.
    """

    ref: ProductRef
    created_at: str
    fingerprint: str
    fence: Fence
    lineage: Lineage = field(default_factory=Lineage)
    outputs: tuple[OutputEntry, ...] = ()
    checks: tuple[TestOutcome, ...] = ()
    files: tuple[FileEntry, ...] = ()
    format: int = FORMAT
    items: Items | None = None
    boot: str = ""

    @property
    def good(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def summaries(self) -> list[OutputSummary]:
        """What is told about each output, in order."""
        return [entry.summary for entry in self.outputs]

    def output(self, name: str) -> OutputEntry | None:
        """The output of that name."""
        return next((entry for entry in self.outputs if entry.summary.name == name), None)


_FIELDS = tuple(field.name for field in fields(Manifest))
_last_lineage: tuple[Lineage | None, bytes] = (None, b"")


def encode_manifest(manifest: Manifest) -> bytes:
    """The document of a manifest.

    Raises:
        ValueRefusedError: a variable or setting in the lineage is not a plain value.
    """
    import msgspec

    document = {name: getattr(manifest, name) for name in _FIELDS}
    document["lineage"] = msgspec.Raw(_encoded_lineage(manifest.lineage))
    return msgspec.json.encode(document)


def _encoded_lineage(lineage: Lineage) -> bytes:
    """The lineage's part of the document; that of the last one is kept, as children of a block share theirs."""
    import msgspec

    global _last_lineage  # noqa: PLW0603 - a memory of one entry, replaced as a whole
    known, encoded = _last_lineage
    if known is not lineage:
        plain = {name: encode_plain(getattr(lineage, name)) for name in ("variables", "settings")}
        encoded = msgspec.json.encode(replace(lineage, **plain))
        _last_lineage = lineage, encoded
    return encoded


def decode_manifest(content: bytes, source: str) -> Manifest:
    """Read a manifest.

    Args:
        content: the document.
        source: where it was found, for the message.

    Raises:
        ProductCorruptError: it is no manifest, or of another format.
    """
    import msgspec

    from penstock.config.decoding import from_json

    try:
        found: Manifest = from_json(content, Manifest)
        if found.format not in FORMATS:
            raise ProductCorruptError(
                f"reading the manifest {source}: its format is {found.format}, this version reads up to {FORMATS[-1]}",
                hint="Use the version of Penstock that wrote it, or a newer one.",
            )
        for name in ("variables", "settings"):
            values = getattr(found.lineage, name)
            plain = decode_plain(values)
            values.clear()
            values.update(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ProductCorruptError(
            f"reading the manifest {source}: {error}", hint="Run the block again to publish a new version."
        ) from error
    return found
