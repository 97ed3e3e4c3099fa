"""The list of templates, and the text of each."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from penstock.model.block import EXTENSIONS, BlockType, Language
from penstock.model.errors import FileMissingError
from penstock.project.code import scan
from penstock.project.templates.exporters import EXPORTERS
from penstock.project.templates.loaders import LOADERS
from penstock.project.templates.others import CALLBACKS, CHARTS, CONDITIONALS, CUSTOM, MARKDOWNS, SCRATCHPADS, SENSORS
from penstock.project.templates.rendering import render
from penstock.project.templates.systems import SYSTEM_EXPORTERS, SYSTEM_LOADERS
from penstock.project.templates.template import Entry, Listed, Need, Template
from penstock.project.templates.transformers import TRANSFORMERS

FOLDER = Path(__file__).parent / "blocks"
_LANGUAGES = {extension: language for language, extension in EXTENSIONS.items()}
_LISTS: tuple[tuple[BlockType, Listed], ...] = (
    (BlockType.DATA_LOADER, {**LOADERS, **SYSTEM_LOADERS}),
    (BlockType.TRANSFORMER, TRANSFORMERS),
    (BlockType.DATA_EXPORTER, {**EXPORTERS, **SYSTEM_EXPORTERS}),
    (BlockType.SENSOR, SENSORS),
    (BlockType.CUSTOM, CUSTOM),
    (BlockType.SCRATCHPAD, SCRATCHPADS),
    (BlockType.MARKDOWN, MARKDOWNS),
    (BlockType.CHART, CHARTS),
    (BlockType.CALLBACK, CALLBACKS),
    (BlockType.CONDITIONAL, CONDITIONALS),
)
_PACKAGES: Mapping[str, Need] = {
    need.module: need
    for need in (
        Need("polars", "pip install polars"),
        Need("sklearn", "pip install scikit-learn"),
        Need("matplotlib", "pip install matplotlib"),
        Need("plotly", "pip install plotly"),
        Need("geopandas", "pip install geopandas"),
    )
}
"""Packages that blocks may use and that Penstock does not bring along."""


@cache
def list_templates() -> tuple[Template, ...]:
    """The built-in templates, in the order of the menu."""
    return tuple(
        _template(kind, group, entry)
        for kind, groups in _LISTS
        for group, entries in groups.items()
        for entry in entries
    )


def built_in(template: str) -> Template:
    """The built-in template of that id.

    Raises:
        FileMissingError: there is none.
    """
    found = _by_id().get(template)
    if found is None:
        raise FileMissingError(
            f"looking for the template {template[:80]!r}: there is none of that name",
            hint="Choose one of the list of templates.",
        )
    return found


def template_text(template: Template) -> str:
    """The code of a built-in template, with the values of its entry filled in."""
    text = _client_named(template, (FOLDER / template.file).read_text(encoding="utf-8"))
    return render(text, template.language, values=template.values) if template.values else text


def render_template(template: str, *, name: str = "", values: Mapping[str, Any] | None = None) -> str:
    """The text of a new block from a built-in template.

    Args:
        template: its id.
        name: what the block's function is called; as in the template when it is empty or no name.
        values: new values for the constants at the top of the code, by name.

    Raises:
        FileMissingError: there is no such template.
        SettingInvalidError: the template has no constant of such a name.
    """
    found = built_in(template)
    return render(template_text(found), found.language, name=name, values=values or {})


def missing(template: Template) -> tuple[Need, ...]:
    """The packages that the template needs and that are not installed. Nothing is imported to find out."""
    return tuple(need for need in template.needs if not _installed(need.module))


@cache
def _by_id() -> dict[str, Template]:
    return {template.id: template for template in list_templates()}


def _template(kind: BlockType, group: str, entry: Entry) -> Template:
    stem, _, extension = entry.file.rpartition(".")
    language = _LANGUAGES[extension]
    file = f"{kind.value}/{entry.file}"
    text = (FOLDER / file).read_text(encoding="utf-8")
    found = tuple(_needed(text)) if language is Language.PYTHON else ()
    return Template(
        id=f"{kind.value}.{entry.id or stem}",
        name=entry.name,
        block_type=kind,
        language=language,
        group=group,
        description=entry.description or _description(text, language),
        file=file,
        values=entry.values,
        configuration=entry.configuration,
        needs=(*entry.needs, *(need for need in found if need not in entry.needs)),
        later=entry.later,
        tags=(entry.client,) if entry.client else (),
    )


def _client_named(template: Template, text: str) -> str:
    """The code with the client of the template's system, where several systems share one file."""
    return re.sub(r"\bClient\b", template.tags[0], text) if template.tags else text


def _needed(text: str) -> Iterator[Need]:
    for name in dict.fromkeys(imported.root for imported in scan(text).imports):
        if name in _PACKAGES:
            yield _PACKAGES[name]


def _description(text: str, language: Language) -> str:
    """The first words of the code about itself: the docstring of its function, or the comment at its top."""
    if language is Language.PYTHON:
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                return (ast.get_docstring(node) or "").partition("\n")[0]
        return text.partition("\n")[0].removeprefix("#").strip()
    return text.partition("\n")[0].removeprefix("--").strip() if language is Language.SQL else ""


def _installed(module: str) -> bool:
    """Whether a module can be imported; of a dotted one only the first part is asked, as the rest would import it."""
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
