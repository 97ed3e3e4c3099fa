"""Language services, as JSON."""

from __future__ import annotations

import msgspec


class LanguageStatus(msgspec.Struct, frozen=True):
    """What there is, and the command that installs what is missing.

    `formats` are the languages that can be formatted.
    """

    server: bool
    formatter: bool
    formats: list[str]
    install: str | None


class FormatRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text to format; `path` is the file that it belongs to, whose folders may hold rules for it."""

    language: str
    content: str
    path: str | None = None


class Formatted(msgspec.Struct, frozen=True):
    """The text, formatted."""

    content: str


class CheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text as it stands in an editor: that of a block, or of a file."""

    content: str
    pipeline: str | None = None
    block: str | None = None
    path: str | None = None


class TextFinding(msgspec.Struct, frozen=True):
    """Something about a text; `line` and `column` count from 1, 0 means the whole text or line."""

    line: int
    column: int
    severity: str
    message: str
    hint: str
    code: str


class TextFindings(msgspec.Struct, frozen=True):
    """What is to be said about a text, by line."""

    diagnostics: list[TextFinding]


class ColumnName(msgspec.Struct, frozen=True):
    """A column of an upstream's output."""

    name: str
    type: str


class UpstreamNames(msgspec.Struct, frozen=True):
    """An upstream: the parameter that receives it, its name in SQL, and the columns of its last output.

    `kind` is that of the output: table, json, ...; None before it has run.
    """

    block: str
    argument: str | None
    table: str
    kind: str | None
    columns: list[ColumnName]


class VariableName(msgspec.Struct, frozen=True):
    """A variable that the block gets: of the pipeline, or given to every block."""

    name: str
    type: str
    source: str


class BlockNames(msgspec.Struct, frozen=True):
    """What an editor can complete in a block, from what is stored: no code is run."""

    upstream: list[UpstreamNames]
    tables: list[str]
    variables: list[VariableName]
    project_modules: list[str]
