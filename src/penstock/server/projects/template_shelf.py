"""The templates that blocks and pipelines are made from: those that come with Penstock, and the project's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.model.block import Language
from penstock.model.errors import FileInvalidError, FileMissingError
from penstock.project.code import scan
from penstock.project.templates import own
from penstock.project.templates.catalogue import built_in, list_templates, missing, template_text
from penstock.project.templates.rendering import parameters, render
from penstock.project.templates.starting import STARTING, Started, start
from penstock.project.templates.template import Source, Template
from penstock.server.projects.parts import Parts
from penstock.server.schema.project import SearchItem
from penstock.server.schema.templates import (
    PipelineTemplate,
    TemplateDetail,
    TemplateParameter,
    TemplateSummary,
)

_UPSTREAM = re.compile(r"\bdf_(\d+)\b")
_NOT_CARRIED = frozenset({"name", "uuid", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class TemplateShelf:
    """Finds, lists and shows templates. Safe in any thread; nothing of them is run.

    Args:
        parts: the files.
    """

    parts: Parts

    def find(self, template: str) -> Template:
        """The template of that id. Raises FileMissingError."""
        if not template.startswith(own.PREFIX):
            return built_in(template)
        found = own.own_template(self.parts.root, template.removeprefix(own.PREFIX))
        if self._path(found) is None:
            raise FileMissingError(
                f"looking for the template {template[:80]!r}: its file leads out of the project",
                hint="Put the file itself into the template's folder.",
            )
        return found

    def text(self, template: Template, name: str, values: Mapping[str, Any]) -> str:
        """The text of a new block. Raises SettingInvalidError for a value that the template does not have."""
        called = name if template.source is Source.BUILT_IN else ""
        return render(self.content(template), template.language, name=called, values=values)

    def content(self, template: Template) -> str:
        """The code of a template as it stands. Raises FileInvalidError when it cannot be read."""
        if template.source is Source.BUILT_IN:
            return template_text(template)
        text = self.parts.contents.read(template.file)
        if text.content is None:
            raise FileInvalidError(
                f"reading the template {template.id}: {text.problem}", hint=f"Mend {template.file}, or delete it."
            )
        return text.content

    def all(self) -> list[TemplateSummary]:
        """What the menu shows: the project's own first."""
        mine = [each for each in own.own_templates(self.parts.root) if self._path(each) is not None]
        return [self.summary(each) for each in (*mine, *list_templates())]

    def summary(self, template: Template) -> TemplateSummary:
        """One line of the menu."""
        return TemplateSummary(**_summary(template, _inputs(template, self._text_or_nothing(template))))

    def detail(self, template: Template) -> TemplateDetail:
        """A template with its code. Raises FileInvalidError when that cannot be read."""
        content = self.content(template)
        file = self._path(template) if template.source is Source.PROJECT else None
        return TemplateDetail(
            **_summary(template, _inputs(template, content)),
            content=content,
            parameters=[TemplateParameter(each.name, each.value) for each in parameters(content, template.language)],
            configuration=dict(template.configuration),
            file=file,
            revision=self.parts.contents.read(file).revision if file else None,
        )

    def pipelines(self) -> list[PipelineTemplate]:
        """The pipelines to start from: the project's own first."""
        mine = [
            PipelineTemplate(
                id=own.PREFIX + each.folder,
                name=each.name,
                description=each.description,
                blocks=[str(entry.get("uuid")) for entry in each.data.get("blocks") or [] if isinstance(entry, dict)],
                source=Source.PROJECT.value,
                tags=list(each.tags),
            )
            for each in own.own_pipelines(self.parts.root)
        ]
        ours = [
            PipelineTemplate(
                id=each.id,
                name=each.name,
                description=each.description,
                blocks=[step.uuid for step in each.steps],
                source=Source.BUILT_IN.value,
            )
            for each in STARTING
        ]
        return [*mine, *ours]

    def start(self, template: str) -> Started:
        """What a new pipeline consists of. Raises FileMissingError when there is no such template."""
        if not template.startswith(own.PREFIX):
            return start(template, lambda path: os.path.lexists(self.parts.root / path))
        found = own.own_pipeline(self.parts.root, template.removeprefix(own.PREFIX))
        data = {key: value for key, value in found.data.items() if key not in _NOT_CARRIED}
        return Started(data, {})

    def search(self, text: str) -> Iterator[SearchItem]:
        """Templates whose names or descriptions hold every word of a text in lower case."""
        words = text.split()
        for template in (*own.own_templates(self.parts.root), *list_templates()):
            kind = template.block_type.value.replace("_", " ")
            haystack = f"{template.name} {template.group} {kind}".lower()
            if all(word in haystack for word in words):
                yield SearchItem("template", template.name, f"{kind} template", path=template.id)

    def _path(self, template: Template) -> str | None:
        """How the project names a template's file; None when the file leads elsewhere."""
        if template.source is Source.BUILT_IN:
            return template.file
        return self.parts.resolver.relative(self.parts.root / template.file)

    def _text_or_nothing(self, template: Template) -> str:
        try:
            return self.content(template)
        except FileInvalidError:  # it is listed all the same; opening it says what is wrong
            return ""


def _summary(template: Template, inputs: int) -> dict[str, Any]:
    lacking = missing(template)
    needs = [template.later] if template.later else []
    needs += [need.command for need in lacking]
    return {
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "block_type": template.block_type.value,
        "language": template.language.value,
        "group": template.group,
        "inputs": inputs,
        "ready": not needs,
        "needs": " ".join(needs) or None,
        "source": template.source.value,
        "color": template.color,
        "tags": list(template.tags),
    }


def _inputs(template: Template, text: str) -> int:
    """How many upstreams the code takes; -1 for any number."""
    if template.language is Language.SQL:
        return max((int(number) for number in _UPSTREAM.findall(text)), default=0)
    if template.language is not Language.PYTHON:
        return 0
    function = next((each for each in scan(text).functions if each.decorator != "test"), None)
    if function is None:
        return 0
    count = len(function.arguments.positional) - function.arguments.optional
    takes_all = "(*args" not in text and function.arguments.varargs and not count
    return -1 if takes_all else count
