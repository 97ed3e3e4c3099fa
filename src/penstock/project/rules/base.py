"""Rules that go and look, and the list of all rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from penstock.config.diagnostics import Diagnostic
from penstock.project.rule import Rule

Subject_contra = TypeVar("Subject_contra", contravariant=True)


class CheckingRule(Rule, ABC, Generic[Subject_contra]):
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
