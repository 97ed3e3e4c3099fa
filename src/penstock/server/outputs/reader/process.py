"""What the reader process does to itself before it reads anything: no pandas, a limit on memory, a clean pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import BinaryIO

OWN = 512 << 20
"""Bytes that the process itself needs: libraries and the stacks of threads."""

REFUSED = frozenset(["pandas", "polars", "sklearn", "matplotlib", "geopandas"])
"""pyarrow and DuckDB import pandas when they find it, which costs more than they do."""


class _Refusing(MetaPathFinder):
    """Says that certain modules are not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for what may be imported."""
        del path, target
        if fullname.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"{fullname} is not imported in this process", name=fullname)
        return None


def refuse_libraries() -> None:
    """Have imports of heavy libraries fail, as if they were not installed."""
    sys.meta_path.insert(0, _Refusing())


def limit_memory(limit: int) -> None:
    """Have allocations fail beyond so many bytes and what the process itself needs; mapped files do not count.

    Nothing happens on systems without such a limit.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        allowed = limit + OWN if hard == resource.RLIM_INFINITY else min(limit + OWN, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes that questions come from and answers go to; what anything prints goes to the server's own output."""
    questions = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return questions, answers
