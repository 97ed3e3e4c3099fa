"""What a rule is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import Location

Subject_contra = TypeVar("Subject_contra", contravariant=True)


class Rule(ABC):
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


class CheckingRule(Rule, Generic[Subject_contra]):
    """A rule that looks at something that has been read: a pipeline, or the whole project."""

    @abstractmethod
    def check(self, subject: Subject_contra) -> Iterable[Diagnostic]:
        """The findings in that subject."""


def every_rule() -> list[type[Rule]]:
    """All rules that have a code, in the order of their codes; those of modules that are imported."""
    found: list[type[Rule]] = []
    pending: list[type[Rule]] = list(Rule.__subclasses__())
    while pending:
        rule = pending.pop()
        pending.extend(rule.__subclasses__())
        if "code" in vars(rule):
            found.append(rule)
    return sorted(found, key=lambda rule: rule.code)
