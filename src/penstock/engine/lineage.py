"""What a block's version was made from, as its manifest records it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from penstock.engine.dependencies import environment, imported_modules, site_folders
from penstock.model.messages import WorkOrder
from penstock.model.product import Lineage

_LANGUAGE_PACKAGES = {"sql": ("duckdb",)}
"""Packages that the result of a language depends on, whatever the block's text says."""


def block_settings(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a block's configuration that its output may depend on."""
    return {key: value for key, value in configuration.items() if key not in {"file_path", "file_source"}}


def lineage_of(order: WorkOrder, source: bytes, files: Iterable[str], digests: Mapping[str, str]) -> Lineage:
    """The lineage of what that order has made.

    Args:
        order: the order.
        source: the block's own text as it was run.
        files: the project files that took part, absolute.
        digests: SHA-256 of files as they were when they were imported; others are read now.
    """
    own = order.block.file or f"<{order.block.uuid}>"
    code = {_name(own, order.project): hashlib.sha256(source).hexdigest()}
    roots = set(_roots(source))
    installed = site_folders()  # an environment inside the project is not the project's code
    for file in sorted({*files, *digests}):
        name = _name(file, order.project)
        if name in code or file.startswith(installed):
            continue
        content = _read(file)
        code[name] = digests.get(file) or hashlib.sha256(content).hexdigest()
        roots |= _roots(content)
    roots.update(_LANGUAGE_PACKAGES.get(order.block.language, ()))
    found = Lineage(
        code=code,
        inputs=tuple(ref for entry in order.inputs for ref in entry.refs()),
        variables=dict(order.variables),
        environment=environment(roots),
        settings=block_settings(order.block.configuration),
        run=order.run,
        attempt=order.attempt,
    )
    return _same_as_last(order.block.uuid, found) if order.child else found


_last = ("", Lineage())


def _same_as_last(block: str, found: Lineage) -> Lineage:
    """The lineage of the last child, where this one equals it: what was worked out from it is known then.

    1 equals 1.0 and True, which are written otherwise: so only within one block of one run, where neither can change.
    """
    global _last  # noqa: PLW0603 - a memory of one entry
    if (block, found) != _last:
        _last = block, found
    return _last[1]


@lru_cache(maxsize=8)  # a process that is shared by children reads one text thousands of times
def _roots(source: bytes) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in imported_modules(source))


def _name(file: str, project: str) -> str:
    """The file's path relative to the project; as it is when it lies elsewhere."""
    return file.removeprefix(project.rstrip(os.sep) + os.sep).replace(os.sep, "/")


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError:  # the block has removed it meanwhile
        return b""
