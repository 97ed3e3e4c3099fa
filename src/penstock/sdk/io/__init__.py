"""The clients that block code uses to read and write files, databases and services.

What never lives here: drivers and statements (`connect`). Start reading at `base` and `sql`, then `postgres`. Block
code takes the clients from here, `from penstock.sdk.io import ConfigFileLoader, Postgres`; each is loaded when it is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.sdk.io.config import ConfigFileLoader
    from penstock.sdk.io.duckdb import DuckDB
    from penstock.sdk.io.file import FileIO
    from penstock.sdk.io.postgres import Postgres

__all__ = ["ConfigFileLoader", "DuckDB", "FileIO", "Postgres"]

_HOMES = {"ConfigFileLoader": "config", "DuckDB": "duckdb", "FileIO": "file", "Postgres": "postgres"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        unbuilt = import_module(f"{__name__}.unbuilt")
        if name not in unbuilt.SYSTEMS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = unbuilt.client(name)
    globals()[name] = value
    return value
