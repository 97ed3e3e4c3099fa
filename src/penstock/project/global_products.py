"""Reads global_data_products.yaml: the data products that any pipeline of the project may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from penstock.model.errors import GlobalProductInvalidError, Location
from penstock.model.global_product import AFTER, STARTING_AT, GlobalProduct
from penstock.project.reader import read_document

if TYPE_CHECKING:
    from penstock.project import Project

FILE = "global_data_products.yaml"


def global_products(project: Project) -> Mapping[str, Any]:
    """The entries of the registry as they stand in the file, by name; empty without a file.

    Raises:
        FileInvalidError: the file is there and cannot be read.
    """
    path = project.root / FILE
    if not path.is_file():
        return {}
    _, document = read_document(path, project.root)
    return document.data if isinstance(document.data, Mapping) else {}


def global_product(project: Project, name: str, own: Mapping[str, Any] | None = None) -> GlobalProduct:
    """A registered data product.

    Args:
        project: the project; `repo_path` of an entry, often a folder of another machine, is passed over.
        name: its name.
        own: settings of whoever uses it, which go before those of the registry.

    Raises:
        FileInvalidError: the file is there and cannot be read.
        GlobalProductInvalidError: there is no such entry, or it cannot be read.
    """
    entries = global_products(project)
    doing = f"reading the global data product {name}"
    if name not in entries:
        near = get_close_matches(name, [str(each) for each in entries], n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Register it in {FILE}."
        raise GlobalProductInvalidError(f"{doing}: it is not registered in {FILE}", hint=hint)
    place = Location(FILE)
    given = entries[name]
    if not isinstance(given, Mapping):
        raise GlobalProductInvalidError(f"{doing}: its entry is no mapping", hint="Set object_uuid.", location=place)
    entry: Mapping[str, Any] = {**given, **{key: value for key, value in (own or {}).items() if value is not None}}
    kind, pipeline = entry.get("object_type", "pipeline"), entry.get("object_uuid")
    if kind != "pipeline" or not pipeline:
        raise GlobalProductInvalidError(
            f"{doing}: it names no pipeline",
            hint="Set object_type to pipeline and object_uuid to the pipeline's name.",
            location=place,
        )
    return GlobalProduct(
        name,
        str(pipeline),
        _numbers(entry.get("outdated_after"), AFTER, f"{doing}: outdated_after"),
        _numbers(entry.get("outdated_starting_at"), STARTING_AT, f"{doing}: outdated_starting_at"),
        _blocks(entry.get("settings"), doing),
    )


def _numbers(given: Any, known: Sequence[str], doing: str) -> dict[str, int]:
    if given in (None, "", {}):
        return {}
    if not isinstance(given, Mapping):
        raise GlobalProductInvalidError(f"{doing} is no mapping", hint=f"Known keys: {', '.join(known)}.")
    found: dict[str, int] = {}
    for key, value in given.items():
        if value is None:
            continue
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(known)}."
            raise GlobalProductInvalidError(f"{doing} has the unknown key {key}", hint=hint, location=Location(FILE))
        found[str(key)] = _whole(value, f"{doing}.{key}")
    return found


def _whole(value: Any, doing: str) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if isinstance(value, bool) or number < 0:
        raise GlobalProductInvalidError(
            f"{doing} is {value!r}, not a whole number", hint="Write it as a number, 0 or more."
        )
    return number


def _blocks(given: Any, doing: str) -> dict[str, int]:
    """Block -> how many of its newest partitions; a list of blocks stands for one each."""
    if isinstance(given, list | tuple):
        return {str(block): 1 for block in given}
    if given in (None, "", {}):
        return {}
    if not isinstance(given, Mapping):
        raise GlobalProductInvalidError(
            f"{doing}: settings is no mapping of blocks", hint="settings: {my_block: {partitions: 1}}"
        )
    found = {}
    for block, of_block in given.items():
        count = of_block.get("partitions") if isinstance(of_block, Mapping) else None
        found[str(block)] = 1 if count is None else _whole(count, f"{doing}: settings.{block}.partitions")
    return found
