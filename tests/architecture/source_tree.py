"""The files of the source tree and their syntax trees, read once per process for the tests beside this file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "penstock"
BLOCK_FILES = PACKAGE / "project" / "templates" / "blocks"
"""The code of templates: block files as users have them, not modules of the package."""


@dataclass(frozen=True)
class SourceFile:
    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path inside the package, with forward slashes."""
        return self.path.relative_to(PACKAGE).as_posix()

    def places(self, kind: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))


@cache
def source_files() -> tuple[SourceFile, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(BLOCK_FILES):
            continue
        text = path.read_text(encoding="utf-8")
        found.append(SourceFile(path, text, ast.parse(text, str(path))))
    return tuple(found)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain or name; the empty text for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
