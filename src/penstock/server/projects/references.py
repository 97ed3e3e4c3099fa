"""Follows a renamed pipeline into the other files that name it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.model.block import FOLDERS
from penstock.model.errors import EditRefusedError, FileInvalidError
from penstock.project.layout import PIPELINES, TRIGGERS
from penstock.project.text_file import is_text_name, read_text, write_text
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects.parts import Parts

_NAMING_KEYS = {"global_data_products.yaml": ("object_uuid",), "global_hooks.yaml": ("uuid",)}
_SECONDS = 1.0
"""How long the code of a project is searched for the old name."""


@dataclass(frozen=True, slots=True)
class References:
    """Changes the references of one project."""

    parts: Parts

    def pipeline_renamed(self, old: str, new: str) -> list[str]:
        """Change YAML that names the pipeline; what could not be changed, in sentences: code is only pointed at."""
        triggers = self.parts.root / PIPELINES / new / TRIGGERS
        self._change(triggers, lambda data: _replace(data, ("pipeline_uuid",), old, new))
        for name, keys in _NAMING_KEYS.items():
            self._change(self.parts.root / name, lambda data, keys=keys: _replace(data, keys, old, new))  # type: ignore[misc]
        files = list(self._code_naming(old))
        if not files:
            return []
        more = " and others" if len(files) > 3 else ""  # noqa: PLR2004 - a line
        return [f"The code in {', '.join(files[:3])}{more} names the pipeline {old}; change it there."]

    def _change(self, path: Path, change: Callable[[Any], None]) -> None:
        if not path.is_file():
            return
        with suppress(FileInvalidError, EditRefusedError):
            file = read_text(path)
            data = copy_data(parse_yaml(file.text, path.name).data)
            change(data)
            if write_text(file, update(file.text, data, path.name)).revision != file.revision:
                self.parts.tell([path])

    def _code_naming(self, uuid: str) -> Iterator[str]:
        """Python files of blocks that hold the uuid as a text."""
        wanted = re.compile(rb"['\"]" + re.escape(uuid.encode("utf-8", "replace")) + rb"['\"]")
        until = time.monotonic() + _SECONDS
        for folder in FOLDERS.values():
            for parent, folders, names in os.walk(self.parts.root / folder):
                folders[:] = filter(is_text_name, folders)
                for name in sorted(filter(is_text_name, names)):
                    if time.monotonic() > until:
                        return
                    path = Path(parent) / name
                    with suppress(OSError):
                        if name.endswith(".py") and path.is_file() and wanted.search(path.read_bytes()):
                            yield self.parts.relative(path)


def _replace(data: Any, keys: tuple[str, ...], old: str, new: str) -> None:
    """Replace a text below these keys, wherever they stand."""
    pending = [data]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key in keys and value == old:
                    node[key] = new
            pending += node.values()
        elif isinstance(node, list):
            pending += node
