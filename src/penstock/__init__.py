"""Penstock: data pipelines from plain block files.

Block files import their decorators from here; `run` runs a pipeline of a project from Python. Every name is loaded when
it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from penstock.version import __version__

if TYPE_CHECKING:
    from penstock.cli.api import run
    from penstock.sdk.decorators import (
        callback,
        condition,
        custom,
        data_exporter,
        data_loader,
        data_source,
        preprocessor,
        sensor,
        test,
        transformer,
    )
    from penstock.sdk.secrets import get_secret_value

_HOMES = {
    "get_secret_value": "penstock.sdk.secrets",
    "run": "penstock.cli.api",
    **dict.fromkeys(
        (
            "callback",
            "condition",
            "custom",
            "data_exporter",
            "data_loader",
            "data_source",
            "preprocessor",
            "sensor",
            "test",
            "transformer",
        ),
        "penstock.sdk.decorators",
    ),
}

__all__ = [
    "__version__",
    "callback",
    "condition",
    "custom",
    "data_exporter",
    "data_loader",
    "data_source",
    "get_secret_value",
    "preprocessor",
    "run",
    "sensor",
    "test",
    "transformer",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'penstock' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
