"""Reads the values of a parsed file leniently: a wrong type gives a finding and a default, never an error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.config.diagnostics import Diagnostic
from penstock.model.errors import Location
from penstock.project.reading_rules import NumberAsText, WrongShape
from penstock.project.rule import Rule
from penstock.project.yaml_text import YamlDocument

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Values:
    """A document being read, and what was found on the way."""

    document: YamlDocument
    pipeline: str = ""
    findings: list[Diagnostic] = field(default_factory=list)

    def tell(self, rule: type[Rule], path: Path, message: str, hint: str, *, block: str = "") -> None:
        """Add a finding at a path of the document."""
        place = self.document.locate(path)
        subject = f"block {block}" if block else f"pipeline {self.pipeline}" if self.pipeline else self.document.file
        self.findings.append(
            rule.found(f"{subject}: {message}", hint=hint, location=place, pipeline=self.pipeline, block=block)
        )

    def text(self, value: Any, path: Path, *, block: str = "") -> str:
        """A text; a number or date is the text it was written as; a list or map is a finding and ''."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, Mapping | list):
            self.tell(WrongShape, path, f"{path[-1]} is {name_of(value)}", "Write one text.", block=block)
            return ""
        node = self.document.node(path)
        return self.document.text[node.start : node.end].strip() if node and not node.alias else str(value)

    def mapping(self, value: Any, path: Path, *, block: str = "") -> Mapping[str, Any]:
        """A map with text keys; anything else but nothing is a finding and {}."""
        if value is None or value in ("", []):
            return {}
        if not isinstance(value, Mapping):
            self.tell(WrongShape, path, f"{path[-1]} is {name_of(value)}", "Write keys below it.", block=block)
            return {}
        if all(isinstance(key, str) for key in value):
            return value
        return {key if isinstance(key, str) else str(key): item for key, item in value.items()}

    def texts(self, value: Any, path: Path, *, block: str = "") -> tuple[str, ...]:
        """A list of texts; one text alone counts as a list of it."""
        if value is None or value in ("", {}):
            return ()
        if isinstance(value, Mapping):
            self.tell(WrongShape, path, f"{path[-1]} is a map", "Write a list.", block=block)
            return ()
        if not isinstance(value, list):
            return (self.text(value, path, block=block),)
        found = (self.text(item, (*path, index), block=block) for index, item in enumerate(value))
        return tuple(text for text in found if text)

    def number(self, value: Any, path: Path, *, block: str = "") -> float | None:
        """A number that is not negative; text that spells one counts, with a finding; anything else is None."""
        if value is None or value == "":
            return None
        given = value
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
        if not usable:
            self.tell(
                NumberAsText,
                path,
                f"{path[-1]} is {name_of(given)} where a number belongs; it is ignored",
                "Write a number that is not negative.",
                block=block,
            )
            return None
        if isinstance(given, str):
            message = f"{path[-1]} is the text {given!r} where a number belongs; it is read as {value:g}"
            self.tell(NumberAsText, path, message, "Remove the quotes.", block=block)
        return float(value)

    def flag(self, value: Any) -> bool:
        """Whether a value says yes."""
        return value is True or (isinstance(value, str | int) and str(value).strip().lower() in {"1", "true", "t"})

    def locate(self, path: Path) -> Location:
        """Where a path of the document is."""
        return self.document.locate(path)


def name_of(value: Any) -> str:
    """What a value is, in a sentence."""
    match value:
        case None:
            return "empty"
        case Mapping():
            return "a map"
        case list():
            return "a list"
        case _:
            return repr(value)[:60]
