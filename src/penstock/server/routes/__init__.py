"""The route table's modules, one per noun; a module that is not named here has no effect."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.server.routing import Routes

ROUTES = (
    "session",
    "openapi",
    "terminal",
    "pipelines",
    "files",
    "project",
    "templates",
    "blocks",
    "language",
    "live",
    "scratchpads",
    "runs",
    "backfills",
    "calls",
    "products",
    "charts",
    "triggers",
    "alerts",
    "monitor",
)
"""Modules of this package, each with a `routes`."""


def all_routes() -> list[Routes]:
    """The routes of every noun."""
    found: list[Routes] = [import_module(f"{__name__}.{name}").routes for name in ROUTES]
    return found
