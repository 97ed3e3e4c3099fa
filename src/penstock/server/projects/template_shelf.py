"""The templates that blocks are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.project.templates.catalogue import built_in, render_template
from penstock.project.templates.template import Template


class TemplateShelf:
    """The templates that come with Penstock."""

    def find(self, template: str) -> Template:
        """The template of that id. Raises FileMissingError."""
        return built_in(template)

    def text(self, template: Template, name: str, values: Mapping[str, Any]) -> str:
        """The text of a new block. Raises SettingInvalidError for a value that the template does not have."""
        return render_template(template.id, name=name, values=values)
