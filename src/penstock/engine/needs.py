"""Which modules a block is certain to need, so that its process can be forked with them loaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from penstock.engine.dependencies import imported_modules
from penstock.model.errors import FileInvalidError
from penstock.model.messages import BlockOrder
from penstock.project.text_file import read_bytes

NEEDS_BY_LANGUAGE = {
    "sql": frozenset(
        {
            "duckdb",
            "pyarrow",
            "pyarrow.compute",
            "penstock.languages.sql.embedded",
            "penstock.data.codecs.arrow_table",
            "penstock.data.statistics",
        }
    )
}
"""Modules that a block in that language is certain to use: those of others, and our own that not every block needs."""
_STORED_WITH = ("pyarrow", "pyarrow.compute", "penstock.data.statistics")
"""What storing a table takes, whichever library has made it."""
_STORED_BY = {
    "pandas": ("pyarrow.pandas_compat", "penstock.data.codecs.pandas_frame"),
    "polars": ("penstock.data.codecs.polars_frame",),
    "pyarrow": ("penstock.data.codecs.arrow_table",),
}
"""What storing one of that library takes besides."""
TABULAR = frozenset(_STORED_BY)
"""Libraries whose tables are stored."""


def certain_needs(block: BlockOrder) -> frozenset[str]:
    """The third-party modules that the block is certain to import, as far as its text tells."""
    if block.language != "python":
        return NEEDS_BY_LANGUAGE.get(block.language, frozenset())
    source = (block.source or "").encode("utf-8", "replace")
    if block.source is None and block.file is not None:
        try:
            source = read_bytes(Path(block.file))
        except FileInvalidError:
            source = b""
    return frozenset(with_storing(imported_modules(source, top_level=True)))


def with_storing(modules: Iterable[str]) -> list[str]:
    """These modules, and those with which a table that they make is stored."""
    found = list(modules)
    makers = sorted(TABULAR.intersection(name.partition(".")[0] for name in found))
    if not makers:
        return found
    return [*found, *_STORED_WITH, *(module for maker in makers for module in _STORED_BY[maker])]
