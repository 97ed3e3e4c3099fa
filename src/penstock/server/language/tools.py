"""The programs behind the language services, which are optional packages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

INSTALL = 'pip install "penstock[editor]"'


def find_tool(name: str) -> str | None:
    """The path of a program: of the environment that Penstock runs in, else of the command line's path."""
    beside = Path(sys.executable).parent
    return shutil.which(name, path=str(beside)) or shutil.which(name)
