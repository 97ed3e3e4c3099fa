"""A finding about a project's files: what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from penstock.model.errors import Location


class Severity(StrEnum):
    """An error stops something from running, a warning may surprise, an info is for the curious."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable (PS001 and so on); `pipeline` and `block` are uuids, or empty."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    location: Location | None = None
    pipeline: str = ""
    block: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `line` and `column` count from 1, 0 means the whole file or line."""
        place = self.location
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
            "file": place.file if place else "",
            "line": place.line if place else 0,
            "column": place.column if place else 0,
            "pipeline": self.pipeline,
            "block": self.block,
        }
