"""Where the golden projects are, and copies of them to change."""

from __future__ import annotations

import shutil
from pathlib import Path

PROJECTS = Path(__file__).parent.parent / "projects"
NAMES = ("good", "kinds", "odd", "Über uns 项目")


def copy(name: str, target: Path) -> Path:
    root = target / name
    shutil.copytree(PROJECTS / name, root)
    return root


def crlf(root: Path) -> Path:
    """The same project as an editor on Windows writes it: CRLF, and a byte order mark in YAML."""
    for file in root.rglob("*"):
        if file.suffix in {".yaml", ".py", ".sql"}:
            data = file.read_bytes().replace(b"\n", b"\r\n")
            file.write_bytes(b"\xef\xbb\xbf" + data if file.suffix == ".yaml" else data)
    return root
