"""Whether a stored version is what a run of the block would be made from: code, inputs, variables, environment.

What a loader reads from outside (a file, an address) is not known to the store, so a loader whose code and variables
are the same counts as fresh.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from penstock.data import Manifest, ProductStore
from penstock.engine.lineage import block_settings
from penstock.engine.plan import RunPlan
from penstock.model.product import Address, Lineage, ProductRef


def fresh_version(
    store: ProductStore, plan: RunPlan, block: str, refs: Mapping[str, ProductRef | None]
) -> ProductRef | None:
    """The latest version of the block when nothing that it was made from has changed, else None."""
    manifest = store.latest(Address(plan.pipeline.uuid, block, plan.options.partition))
    if manifest is None or stale_reason(manifest, plan, block, refs):
        return None
    return manifest.ref


def stale_reason(manifest: Manifest, plan: RunPlan, block: str, refs: Mapping[str, ProductRef | None]) -> str:
    """Why the version is stale, in words; empty when it is fresh."""
    lineage = manifest.lineage
    wanted = tuple(ref for ref in refs.values() if ref is not None)
    if lineage.inputs != wanted:
        return "an upstream has a newer version"
    if lineage.variables != {**plan.pipeline.variables, **plan.options.variables}:
        return "a variable has changed"
    if lineage.settings != block_settings(plan.block(block).configuration):
        return "the block's configuration has changed"
    return _changed_code(lineage, plan, block) or _changed_environment(lineage)


def _changed_code(lineage: Lineage, plan: RunPlan, block: str) -> str:
    root = Path(plan.place.project)
    file = plan.block(block).file
    if file is not None and not any((root / name) == Path(file) for name in lineage.code):
        return "the block has another file"
    for name, digest in lineage.code.items():
        try:
            content = (root / name).read_bytes()
        except OSError:
            return f"{name} is gone"
        if hashlib.sha256(content).hexdigest() != digest:
            return f"{name} has changed"
    return ""


def _changed_environment(lineage: Lineage) -> str:
    for name, version in lineage.environment.items():
        if name == "python":
            found: str | None = platform.python_version()
        else:
            try:
                found = metadata.version(name)
            except metadata.PackageNotFoundError:
                found = None
        if found != version:
            return f"{name} is {found or 'gone'}, was {version}"
    return ""
