"""What is odd about a project's files, as JSON."""

from __future__ import annotations

import msgspec

from penstock.config.diagnostics import Diagnostic


class DiagnosticDetail(msgspec.Struct, frozen=True):
    """One finding; `line` and `column` count from 1, 0 means the whole file or line."""

    code: str
    severity: str
    message: str
    hint: str
    file: str
    line: int
    column: int
    pipeline: str | None = None
    block: str | None = None


class Diagnostics(msgspec.Struct, frozen=True):
    """The findings of a check, those of the project's own files first."""

    diagnostics: list[DiagnosticDetail]


def diagnostic_detail(found: Diagnostic) -> DiagnosticDetail:
    """The JSON form of a finding."""
    place = found.location
    return DiagnosticDetail(
        code=found.code,
        severity=found.severity.value,
        message=found.message,
        hint=found.hint,
        file=place.file if place else "",
        line=place.line if place else 0,
        column=place.column if place else 0,
        pipeline=found.pipeline or None,
        block=found.block or None,
    )
