"""What a rule is: the code, severity and documentation page of one kind of finding."""

from __future__ import annotations

from typing import ClassVar

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import Location


class Rule:
    """One thing that can be wrong. The docstring of each rule says what, why it matters and what to do."""

    code: ClassVar[str]
    severity: ClassVar[Severity]

    @classmethod
    def found(
        cls,
        message: str,
        *,
        hint: str,
        location: Location | None = None,
        pipeline: str = "",
        block: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding of this rule."""
        return Diagnostic(cls.code, severity or cls.severity, message, hint, location, pipeline, block)
