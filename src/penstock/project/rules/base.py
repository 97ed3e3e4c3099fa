"""What a rule is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import Location

if TYPE_CHECKING:
    from penstock.project.rules.subject import Subject


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


class PipelineRule(Rule):
    """A rule that looks at one pipeline that has been read."""

    def check(self, subject: Subject) -> Iterator[Diagnostic]:
        """The findings in that pipeline."""
        raise NotImplementedError


def every_rule(root: type[Rule] = Rule) -> list[type[Rule]]:
    """All rules that have a code, in the order of their codes; those of modules that are imported."""
    found: list[type[Rule]] = []
    pending = list(root.__subclasses__())
    while pending:
        rule = pending.pop()
        pending.extend(rule.__subclasses__())
        if "code" in vars(rule):
            found.append(rule)
    return sorted(found, key=lambda rule: rule.code)
