"""Whether a stored version is what a run of the block would be made from: code, inputs, variables, environment.

What a loader reads from outside (a file, an address) is not known to the store, so a loader whose code and variables
are the same counts as fresh.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from penstock.data import Manifest, ProductStore
from penstock.engine.lineage import block_settings
from penstock.engine.plan import RunPlan
from penstock.model.block import BlockType
from penstock.model.errors import FileInvalidError, PenstockError
from penstock.model.expand import base_of, dynamic_settings
from penstock.model.messages import InputOrder
from penstock.model.product import Address, Fence, Lineage, ProductRef, part_of
from penstock.project.text_file import read_bytes, revision_of


def file_digest(path: Path) -> str | None:
    """The SHA-256 of a file; None when it cannot be read."""
    try:
        return revision_of(read_bytes(path))
    except FileInvalidError:
        return None


def installed_version(package: str) -> str | None:
    """The version of an installed package, or of the interpreter for "python"; None when there is none."""
    if package == "python":
        return platform.python_version()
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Probes:
    """How the world of now is looked at; who asks often passes probes that remember."""

    digest: Callable[[Path], str | None] = file_digest
    installed: Callable[[str], str | None] = installed_version


DIRECT = Probes()


def fresh_version(
    store: ProductStore, plan: RunPlan, block: str, inputs: Iterable[InputOrder], key: str
) -> Manifest | None:
    """The latest version of a block, or of that child of it, when nothing that it was made from has changed."""
    if plan.block(block).type is BlockType.GLOBAL_DATA_PRODUCT:
        return None  # what it refers to is renewed by its own rule
    manifest = store.latest(Address(plan.pipeline.uuid, key, plan.options.partition))
    refs = tuple(ref for entry in inputs for ref in entry.refs())
    if manifest is None or stale_reason(_settled(store, manifest, refs), plan, block, refs):
        return None
    if manifest.items is None and dynamic_settings(plan.block(block).configuration).parent:
        return None  # it was stored before the block was dynamic
    return manifest


def _settled(store: ProductStore, manifest: Manifest, refs: tuple[ProductRef, ...]) -> Manifest:
    """What is stored of a child that began while its parent yielded, as made from the version that came of it."""
    inputs = manifest.lineage.inputs
    if len(inputs) != len(refs) or all(part_of(ref.version) is None for ref in inputs):
        return manifest
    settled = tuple(now if came_of(store, before, now) else before for before, now in zip(inputs, refs, strict=True))
    return replace(manifest, lineage=replace(manifest.lineage, inputs=settled))


def came_of(store: ProductStore, before: ProductRef, now: ProductRef) -> bool:
    """Whether that version was published by the attempt that had yielded that part."""
    part = part_of(before.version)
    if part is None or before.address != now.address:
        return False
    key = (store.root, now)
    if key not in _published_by:
        if len(_published_by) >= _MOST_REMEMBERED:
            _published_by.clear()
        _published_by[key] = store.manifest(now).fence
    published = _published_by[key]
    return published.run == part.run and published.token == part.token


_published_by: dict[tuple[Path, ProductRef], Fence] = {}
"""What published a version, for the thousands of children that ask it of one."""
_MOST_REMEMBERED = 64


def with_items(
    store: ProductStore, plan: RunPlan, resume: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """What a run is resumed from, with the items of dynamic blocks that its record does not hold: they are stored."""
    found: dict[str, Mapping[str, Any]] = {}
    for key, saved in resume.items():
        base, ref = base_of(key), saved.get("ref")
        known = base in plan.graph and dynamic_settings(plan.block(base).configuration).parent
        if known and ref and not saved.get("items"):
            with suppress(PenstockError):  # it is no longer there: whoever reads it says so
                items = store.manifest(ProductRef(Address(**ref["address"]), ref["version"])).items
                saved = {**saved, "items": asdict(items) if items is not None else None}  # noqa: PLW2901
        found[key] = saved
    return found


def stale_reason(
    manifest: Manifest, plan: RunPlan, block: str, refs: tuple[ProductRef, ...], probes: Probes = DIRECT
) -> str:
    """Why the version is stale, in words; empty when it is fresh."""
    lineage = manifest.lineage
    return (
        _changed_inputs(lineage.inputs, refs)
        or _changed_variables(lineage.variables, {**plan.pipeline.variables, **plan.options.variables})
        or _changed_settings(lineage, plan, block)
        or _changed_code(lineage, plan, block, probes)
        or _changed_environment(lineage, probes)
    )


def _changed_inputs(inputs: tuple[ProductRef, ...], wanted: tuple[ProductRef, ...]) -> str:
    if inputs == wanted:
        return ""
    if len(inputs) != len(wanted) or any(old.address != new.address for old, new in zip(inputs, wanted, strict=True)):
        return "its upstreams are others"
    newer = next(new for old, new in zip(inputs, wanted, strict=True) if old != new)
    return f"upstream {newer.address.block} has a newer version"


def _changed_variables(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*before, *after} if _value(before, name) != _value(after, name))
    if not names:
        return ""
    return f"variable {names[0]} has changed" if len(names) == 1 else f"variables {', '.join(names)} have changed"


def _value(values: Mapping[str, Any], name: str) -> tuple[bool, Any]:
    return name in values, values.get(name)


def _changed_settings(lineage: Lineage, plan: RunPlan, block: str) -> str:
    same = lineage.settings == block_settings(plan.block(block).configuration)
    return "" if same else "the block's configuration has changed"


def _changed_code(lineage: Lineage, plan: RunPlan, block: str, probes: Probes) -> str:
    root = Path(plan.place.project)
    file = plan.block(block).file
    if file is not None and not any((root / name) == Path(file) for name in lineage.code):
        return "the block has another file"
    for name, digest in lineage.code.items():
        found = probes.digest(root / name)
        if found is None:
            return f"{name} is gone"
        if found != digest:
            return f"{name} has changed"
    return ""


def _changed_environment(lineage: Lineage, probes: Probes) -> str:
    for name, version in lineage.environment.items():
        found = probes.installed(name)
        if found != version:
            return f"{name} is {found or 'gone'}, was {version}"
    return ""
