"""Where the reader puts what does not fit into its memory: a folder for each server, emptied when a reader starts."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

ASIDE = ".reader"
"""Folder in the store; below it one for each server, named by its process."""


def free_aside(root: Path) -> Path:
    """The folder of this server, which is not there afterwards; those of servers that have ended go too."""
    import psutil

    own = root / ASIDE / str(os.getpid())
    with suppress(OSError):
        for folder in (root / ASIDE).iterdir():
            if folder == own or not folder.name.isdigit() or not psutil.pid_exists(int(folder.name)):
                shutil.rmtree(folder, ignore_errors=True)
    return own


def make_aside(root: Path) -> Path:
    """An empty place for a reader that starts; a store that cannot be written to will do without."""
    own = free_aside(root)
    with suppress(OSError):
        own.parent.mkdir(exist_ok=True)
    return own


def remove_aside(root: Path) -> None:
    """Leave nothing behind."""
    free_aside(root)
    with suppress(OSError):
        (root / ASIDE).rmdir()
